//! Activities: the codes of everything that a plan warns of or is blocked by: one table, from which `explain` and the
//! documentation are made. Pure.

/// Whether a move can begin all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The move is refused as long as it holds.
    Blocker,
    /// Somebody should know it.
    Warning,
}

impl Severity {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($code:ident $severity:ident $meaning:literal $remedy:literal;)*) => {
        /// Stands for the same thing in every plan.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "what each means stands in its row")]
        pub enum NoticeCode {
            $($code,)*
        }

        impl NoticeCode {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// As it stands in plans.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// Whether the move can begin all the same.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)*
                }
            }

            /// What was found.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => $meaning,)*
                }
            }

            /// What can be done, where the plan does not say it more exactly.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$code => $remedy,)*
                }
            }
        }
    };
}

codes! {
    B100 Blocker "there is no identity of this id" "correct its id in the batch file, or leave it out";
    B101 Blocker "the identity's isolation scope is Regional, and a resource that uses it stays in another region"
        "move the resource first, or set the isolation scope to None";
    B103 Blocker "an identity with the new name is in the target group already"
        "choose another name or group, or go on with the move that has made it";
    B104 Blocker "the target is the identity itself: a name can be used once in a group"
        "choose another name or another resource group";
    B105 Blocker "the new name is none that Azure takes for an identity"
        "3 to 128 letters, digits, hyphens and underscores, beginning with a letter or digit";
    B106 Blocker "the target resource group does not exist"
        "make it, or let the move make it: create_resource_group = true";
    B107 Blocker "the identity is in the target region already" "leave it out of the batch";
    B108 Blocker "the target is in another subscription" "choose a group of the same subscription";
    B109 Blocker "a resource that uses the identity is busy with an operation" "wait until it is done, then plan again";
    B110 Blocker "you lack a right that the move needs" "get the right, or leave the identity out";
    B112 Blocker "the subscription or management group has no room for the new role assignments"
        "remove assignments of principals that are gone";
    B114 Blocker "the identity has more federated credentials than Azure takes on a new one"
        "remove some that are not needed";
    B115 Blocker "Azure offers no managed identities in the target region" "choose another region";
    B116 Blocker "a lock refuses changes that the move makes" "lift it, or let the move do so: lift_locks = true";
    B117 Blocker "how a resource is to be switched cannot be told" "choose a strategy for it in the batch file";
    B118 Blocker "Azure says that a resource uses the identity, and you cannot read it"
        "get the right to read it, or answer for it: accept_unseen";
    B119 Blocker "the scope map names a counterpart that is not there" "make it first, or take it out of scope_map";
    B120 Blocker "a counterpart lacks the role, policy or database that a grant needs" "make it there first";
    B121 Blocker "which role assignments of a scope end by themselves is not known: copies would be permanent"
        "get Microsoft.Authorization/roleAssignmentSchedules/read, then plan again";
    B122 Blocker "Microsoft.ManagedIdentity is not registered in the subscription"
        "az provider register -n Microsoft.ManagedIdentity --wait";
    B123 Blocker "somebody else is at work on a resource that uses the identity" "plan again when they are done";
    B124 Blocker "the identity encrypts a geo-redundant backup, and must be in the region of that backup"
        "give the backup an identity of its region first, then plan again";
    B125 Blocker "a policy denies the new identity where it is to be made"
        "choose another group, region or tags, or ask the policy's owner for an exemption";
    B130 Blocker "a deny assignment excludes the old identity, and would deny the new one"
        "have its owner exclude the new one, and answer for it: accept_unseen";
    B131 Blocker "a list in which the identity may be named cannot be read"
        "get the right to read it, then plan again; or answer for it: accept_unseen";
    B132 Blocker "the log of sign-ins cannot be read, and the batch file wants a quiet identity"
        "get AuditLog.Read.All, or leave quiet out";
    B133 Blocker "something that may concern the identity cannot be read"
        "get the right to read it, or look there and answer for it: accept_unseen";
    B140 Blocker "Azure says something of the identity that this program does not know"
        "look what it is, and answer for it: accept_unknown";
    B141 Blocker "a resource has no room for the new identity beside the old one"
        "choose swap for it in the batch file, or take an identity out of it that nothing needs";
    B142 Blocker "a deny assignment denies you what a step needs"
        "have its owner exclude you, or answer for it: accept_unseen";
    B143 Blocker "Azure Policy makes the identity anew in each region by itself" "leave it out of the batch";
    W203 Warning "how a resource is to be switched cannot be told, and the safer way was chosen"
        "say in the batch file what is known of it: pinned, or a strategy";
    W204 Warning "a person re-points the resource when its step comes" "be ready for it";
    W205 Warning "old and new are not there at the same time: no overlap is promised on this resource"
        "choose a quiet hour, or another strategy in the batch file";
    W206 Warning "the scope map covers something whose counterpart is not there" "make it first";
    W207 Warning "the identity is the kubelets' of a cluster: the nodes of every pool are replaced"
        "choose a quiet hour, or leave it to a person";
    W208 Warning "the identity is the kubelets' of a cluster, and switching it is left to a person"
        "run the command of its step in a quiet hour, or let the move do it: replace_nodes = true";
    W209 Warning "a resource belongs to a cluster, which alone may write it"
        "it has the new identity once the cluster has replaced its nodes";
    W210 Warning "AKS left a federated credential for identity bindings, of which none was found"
        "look on clusters that you may not read";
    W211 Warning "an id in the batch file is of nothing that uses the identity" "correct it, or leave it out";
    W220 Warning "a run that has ended is left as it is: a write would run it again"
        "delete it if nobody wants its record";
    W221 Warning "no description says what a write of this type takes"
        "its steps look whether they had their effect, and stop where they had none";
    W311 Warning "access through groups and application permissions sits in tokens for up to about 24 h"
        "let it soak for at least 24h";
    W312 Warning "another identity of the batch uses the same resource" "let both have the same strategy";
    W330 Warning "old and new have one display name, by which a database cannot tell them apart"
        "use WITH OBJECT_ID in the T-SQL, or give the new identity another name";
    W331 Warning "a federated credential has the audience of another cloud" "look whether it is meant";
    W332 Warning "somebody outside of Azure signs in as the identity, by its client id"
        "change it where the issuer's side keeps it";
    W340 Warning "a lock against deletion keeps the clean-up from its end" "lift it before: lift_locks = true";
    W341 Warning "a group cannot be given the new identity by the move" "have its owner put the new identity into it";
    W342 Warning "a lock against deletion keeps the way back from its end"
        "lift it before a rollback, or let the way back do so: lift_locks = true";
    W350 Warning "something could not be read, and somebody answers for it" "keep in mind that nobody saw it";
    W351 Warning "two ways of looking gave different answers" "plan again in some minutes";
    W352 Warning "Azure knows a resource that you cannot see" "find out who owns it";
    W353 Warning "a role assignment on the identity is of a principal that is gone" "remove it";
    W354 Warning "what this program does not know of the identity was accepted" "copy it by hand, if it is needed";
    W360 Warning "whether you have a right could not be read" "make sure of it before you run the plan";
    W361 Warning "you lack a right that the clean-up or the way back needs" "get it before";
    W370 Warning "a deny assignment names the identity" "look whether the new one is to be named too";
    W371 Warning "a role that the identity could activate is not copied" "copy it by hand, if anybody needs it";
    W372 Warning "a list that cannot be read was accepted" "keep in mind that nobody saw it";
    W373 Warning "a deny assignment against you was accepted" "steps that it denies fail with 403";
    W380 Warning "something that nothing else shows signs in as the identity" "find out what it is";
    W390 Warning "something outside would put the old identity back" "change it there, too";
    W391 Warning "a kind of resource that could name the identity cannot be searched"
        "look there, if the identity is meant to work in them";
    W392 Warning "code that was scanned declares the identity: an apply would make it again"
        "write the new one beside it before its hosts are switched, and take the old one out before the clean-up";
    W393 Warning "something of the code that was scanned could not be read"
        "make it readable, scan and plan again";
}

impl NoticeCode {
    /// The one that is written so, in any case.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code().eq_ignore_ascii_case(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;
    use std::path::Path;

    /// The page that is made of the table.
    fn page() -> String {
        let mut out = "# What a plan warns of, and what blocks it\n\n\
             Made from the table in `activities/src/relocate/preflight/code.rs`; renew it with\n\
             `REHOME_WRITE=1 cargo test --workspace --lib the_page_of_codes`. `rehome explain B103` prints one row.\n\
             The plan itself says it more exactly, with the resource that it is about.\n\n\
             | code | | what was found | what can be done |\n|---|---|---|---|\n"
            .to_owned();
        for code in NoticeCode::ALL {
            let (word, meaning, remedy) = (code.severity().word(), code.meaning(), code.remedy());
            writeln!(out, "| {} | {word} | {meaning} | {remedy} |", code.code()).expect("a String takes it");
        }
        out
    }

    #[test]
    fn the_page_of_codes_says_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/notices.md");
        if std::env::var_os("REHOME_WRITE").is_some() {
            std::fs::write(&path, page()).expect("written");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("the page"), page());
    }

    #[test]
    fn a_code_says_by_its_letter_whether_the_move_can_begin() {
        for code in NoticeCode::ALL {
            let letter = if code.severity() == Severity::Blocker { 'B' } else { 'W' };
            assert!(code.code().starts_with(letter) && NoticeCode::named(code.code()) == Some(*code));
        }
        assert!(NoticeCode::ALL.is_sorted() && NoticeCode::named("b103") == Some(NoticeCode::B103));
        assert_eq!(NoticeCode::named("X1"), None);
    }
}
