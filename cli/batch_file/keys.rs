//! CLI: every key of a batch file: what it takes and what it means. One table, from which files are checked. Pure data.

use super::times::DAYS;
use crate::hooks::message::Occasion;

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// What it decides, in one sentence.
    pub(super) about: &'static str,
}

/// What a key takes.
#[derive(Debug)]
pub(super) enum Kind {
    Text(Rule),
    Flag,
    /// A whole number from 1.
    Count,
    /// Each of a list once.
    Texts(Rule),
    /// A list of lists of two texts: from and to.
    Spans(Rule),
    /// Texts by texts: a table with keys of its own choice.
    Pairs(Rule),
    Table(&'static str, &'static [Key]),
    Tables(&'static str, &'static [Key]),
}

/// What a text has to be.
#[derive(Debug)]
pub(super) enum Rule {
    Any,
    /// The version of the form of batch files.
    Version,
    BatchName,
    WaveName,
    Region,
    /// `24h`
    Duration,
    /// `24h`, or `24h clean`, which says the same.
    Clean,
    /// The ARM id of a user-assigned managed identity.
    IdentityId,
    /// A name that Azure takes for an identity.
    IdentityName,
    GroupName,
    /// A name with `*` and `{word}` in it.
    Pattern,
    /// A name with `{word}` in it, which is filled in.
    Template,
    /// The path of a file of rows, from the batch file.
    RowsFile,
    /// The path of a file of approvers, from the batch file.
    ApproversFile,
    /// The line of an OpenSSH public key file.
    PublicKey,
    /// `10%`
    Share,
    /// `07:00-16:00`
    Hours,
    /// `Europe/Stockholm`, or an offset.
    Zone,
    /// A date, with or without a time of day and an offset.
    Date,
    OneOf(&'static [&'static str]),
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, required: false, about }
}

const fn required(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, required: true, about }
}

/// The file as a whole.
pub(super) const FILE: &[Key] = &[
    required("format_version", Kind::Text(Rule::Version), "The version of the form of this file: 1.0."),
    required("batch", Kind::Table("[batch]", BATCH), "What holds for every identity."),
    key(
        "select",
        Kind::Table("[select]", SELECT),
        "Identities that move, by what they are: those that fit all of it.",
    ),
    key(
        "map",
        Kind::Tables("[[map]]", MAP),
        "Where identities go: the first rule that fits decides, and a row beats it.",
    ),
    key("identity", Kind::Tables("[[identity]]", IDENTITY), "An identity that moves."),
    key("wave", Kind::Tables("[[wave]]", WAVE), "Identities that begin together; all at once without one."),
    key("window", Kind::Table("[window]", WINDOW), "When moves begin something new; always without it."),
    key("budget", Kind::Table("[budget]", BUDGET), "How many moves may fail before no more begin."),
    key(
        "limits",
        Kind::Table("[limits]", LIMITS),
        "How much of what Azure allows is used; all of it without it.",
    ),
    key(
        "scope_map",
        Kind::Pairs(Rule::Any),
        "A whole solution that moves: source and counterpart; the source is left alone.",
    ),
    key("hooks", Kind::Table("[hooks]", HOOKS), "Who is told what while nobody looks; nobody without it."),
    key(
        "witness",
        Kind::Table("[witness]", WITNESS),
        "Who keeps the signed ends of the log where its operator cannot write; nobody without it.",
    ),
    key("waits", Kind::Table("[waits]", WAITS), "How long is waited for what Azure does not show."),
    key(
        "data_planes",
        Kind::Table("[data_planes]", DATA_PLANES),
        "Services that are asked with your sign-in what they keep inside: reads only; none without it.",
    ),
];

/// A file of approvers as a whole.
pub(super) const APPROVERS: &[Key] = &[
    required("format_version", Kind::Text(Rule::Version), "The version of the form of this file: 1.0."),
    required("approver", Kind::Tables("[[approver]]", APPROVER), "Somebody whose approvals count."),
    key("needed", Kind::Table("[needed]", NEEDED), "How many of them have to approve."),
    key(
        "author_may_approve",
        Kind::Flag,
        "Whether an approval counts of who made the plan; it does not without it.",
    ),
];

const LIMITS: &[Key] = &[key(
    "share",
    Kind::Text(Rule::Share),
    "So much of each limit that Azure publishes: others work in the same subscriptions; 100% without it.",
)];

const APPROVER: &[Key] = &[
    required("name", Kind::Text(Rule::Any), "What they are called, which is signed too."),
    required(
        "keys",
        Kind::Texts(Rule::PublicKey),
        "The keys that they sign with: the line of each public key file. Ed25519, in a file or on a security key.",
    ),
    key(
        "object_id",
        Kind::Text(Rule::Any),
        "Their object id in Entra ID, by which a plan knows who made it.",
    ),
];

const NEEDED: &[Key] = &[
    key("waves", Kind::Count, "Approvals before a wave begins; 1 without it."),
    key("cleanup", Kind::Count, "Approvals before anything is deleted; 1 without it."),
];

const BATCH: &[Key] = &[
    required("name", Kind::Text(Rule::BatchName), "The name of the batch, which people type to confirm."),
    required("to", Kind::Text(Rule::Region), "The target region, as Azure spells it in `location`."),
    key(
        "rows",
        Kind::Text(Rule::RowsFile),
        "A file of more identities beside this one, .csv or .json: a column or member for each key of [[identity]].",
    ),
    key(
        "approvers",
        Kind::Text(Rule::ApproversFile),
        "A file beside this one that says whose signed approvals count; without it approvals are self-declared.",
    ),
    key("expect", Kind::Count, "How many identities there have to be; any number without it."),
    key("valid", Kind::Text(Rule::Duration), "How long a plan is good that was not begun; 72h without it."),
    key("soak", Kind::Text(Rule::Duration), "Between the last check and the clean-up; 24h without it."),
    key(
        "quiet",
        Kind::Text(Rule::Duration),
        "The clean-up waits until nobody has signed in as the old identity for so long; without it nobody looks.",
    ),
    key(
        "drift_check",
        Kind::Text(Rule::Duration),
        "How often moves that are through are looked at again until the clean-up; never without it.",
    ),
    key(
        "on_failure",
        Kind::Text(Rule::OneOf(&["stop", "pause-wave", "rollback-identity", "rollback-wave"])),
        "What is done when a move fails: it waits for somebody, its wave does, or it or its wave is taken back; stop without it.",
    ),
    key("parallel", Kind::Count, "How many moves are at work at once; any number without it."),
    key(
        "unpinned_host",
        Kind::Text(Rule::OneOf(&["swap", "pin-first", "block", "pin_first"])),
        "What becomes of a machine whose code names no identity; swap without it.",
    ),
    key("create_resource_group", Kind::Flag, CREATE),
    key("lift_locks", Kind::Flag, LIFT),
    key("replace_nodes", Kind::Flag, REPLACE),
];

const SELECT: &[Key] = &[
    key(
        "subscription",
        Kind::Texts(Rule::Any),
        "Ids of subscriptions; every one that you may see without it.",
    ),
    key(
        "resource_group",
        Kind::Texts(Rule::Pattern),
        "Patterns of groups, of which one has to fit: rg-*-weu.",
    ),
    key("name", Kind::Texts(Rule::Pattern), "Patterns of names, of which one has to fit."),
    key("location", Kind::Texts(Rule::Region), "Regions, of which one has to be its own."),
    key("tag", Kind::Pairs(Rule::Pattern), "Tags that it has to have, with patterns of their values."),
    key(
        "exclude",
        Kind::Texts(Rule::Pattern),
        "Patterns of SUBSCRIPTION/GROUP/NAME that are left out: */rg-sandbox-*/*.",
    ),
];

const MAP: &[Key] = &[
    key("when", Kind::Table("when of [[map]]", WHEN), "Which identities it is for; all without it."),
    key(
        "resource_group",
        Kind::Text(Rule::Template),
        "The target group, with names in braces: rg-{app}-sdc.",
    ),
    key("name", Kind::Text(Rule::Template), "The new name, with names in braces; the same without it."),
    key("to", Kind::Text(Rule::Region), "Another target region than that of the batch."),
];

const WHEN: &[Key] = &[
    key("resource_group", Kind::Text(Rule::Pattern), "A pattern; {word} in it captures: rg-{app}-weu."),
    key("name", Kind::Text(Rule::Pattern), "A pattern of the identity's name."),
    key("subscription", Kind::Text(Rule::Pattern), "A pattern of the subscription's id."),
    key("location", Kind::Text(Rule::Pattern), "A pattern of the region."),
    key("tag", Kind::Pairs(Rule::Pattern), "Tags that it has to have, with patterns of their values."),
];

/// Waves begin in the order of the file.
const WAVE: &[Key] = &[
    required(
        "name",
        Kind::Text(Rule::WaveName),
        "The name of the wave, by which identities say that they are in it.",
    ),
    key(
        "after",
        Kind::Text(Rule::Clean),
        "How long every move of the wave before it has to have been through, or \"24h clean\"; 0s without it.",
    ),
    key(
        "release",
        Kind::Text(Rule::OneOf(&["auto", "by-hand"])),
        "Whether it then begins by itself, or when somebody releases it; auto without it.",
    ),
    key("size", Kind::Count, "So many identities of those in no wave before it; all that fit without it."),
    key("share", Kind::Text(Rule::Share), "The same as a share of the batch, rounded up: 10%."),
    key(
        "match",
        Kind::Table("match of [[wave]]", MATCH),
        "Which identities are in it that do not say so; any without it.",
    ),
    key(
        "canary",
        Kind::Flag,
        "One identity, where size, share and match do not say which, with rehearse_undo where that is not false.",
    ),
    key(
        "rehearse_undo",
        Kind::Flag,
        "Every move of it is made, verified and taken back first, and then made again; false without it.",
    ),
];

const MATCH: &[Key] = &[
    key("resource_group", Kind::Text(Rule::Pattern), "A pattern of the group: rg-*-weu."),
    key("name", Kind::Text(Rule::Pattern), "A pattern of the identity's name."),
    key("subscription", Kind::Text(Rule::Pattern), "A pattern of the subscription's id."),
    key("location", Kind::Text(Rule::Region), "The region that it is in."),
    key("tag", Kind::Pairs(Rule::Pattern), "Tags that it has to have, with patterns of their values."),
];

/// Outside of it nothing new is begun on the way forward; what is in flight, soaks and ways back go on.
const WINDOW: &[Key] = &[
    key("days", Kind::Texts(Rule::OneOf(&DAYS)), "The days of the week; every day without it."),
    key("hours", Kind::Text(Rule::Hours), "The hours of these days: 07:00-16:00; the whole day without it."),
    key(
        "zone",
        Kind::Text(Rule::Zone),
        "The zone of days, hours and dates: Europe/Stockholm or +01:00; UTC without it.",
    ),
    key(
        "freeze",
        Kind::Spans(Rule::Date),
        "Spans in which nothing new is begun: [[from, to]], with dates like 2026-12-11T06:00.",
    ),
];

/// So that never more fail, no more moves are at work than may still fail.
const BUDGET: &[Key] = &[
    key("wave", Kind::Count, "So many moves of a wave may fail; any number without it."),
    key("batch", Kind::Count, "So many moves of the batch may fail; any number without it."),
];

/// Nothing of it is a secret: where the key of a webhook is, is said, and never the key.
const HOOKS: &[Key] = &[
    key("events", Kind::Texts(Rule::OneOf(Occasion::WORDS)), "What is told; everything without it."),
    key(
        "command",
        Kind::Texts(Rule::Any),
        "A program with its arguments; it gets each message on standard input, as one line of JSON.",
    ),
    key(
        "url",
        Kind::Text(Rule::Any),
        "A webhook, which is signed as Standard Webhooks has it: https, or http on this machine.",
    ),
    key("secret_env", Kind::Text(Rule::Any), "The environment variable that holds the key of the webhook."),
    key("secret_file", Kind::Text(Rule::Any), "The file that holds it, in place of a variable."),
    key("allow_http", Kind::Flag, "Let url be http of another machine: everybody on the way can read it."),
];

/// Each checkpoint goes to all of them; one that cannot be reached is said and keeps nobody.
const WITNESS: &[Key] = &[
    key("folder", Kind::Text(Rule::Any), "A folder that is there: each goes to a new file of it."),
    key(
        "git",
        Kind::Text(Rule::Any),
        "A work tree of Git: each is committed, and pushed where its branch has an upstream.",
    ),
    key("command", Kind::Texts(Rule::Any), "A program with its arguments; it gets each on standard input."),
    key("url", Kind::Text(Rule::Any), "An address that each is posted to: https, or http on this machine."),
];

/// What a row of the batch says.
pub(super) const IDENTITY: &[Key] = &[
    required("id", Kind::Text(Rule::IdentityId), "The ARM id of the identity that moves."),
    key("wave", Kind::Text(Rule::Any), "The wave that it moves in; the last one without it."),
    key("target_resource_group", Kind::Text(Rule::GroupName), "Where it goes; the same group without it."),
    key("target_name", Kind::Text(Rule::IdentityName), "Its new name; the same without it."),
    key("target_subscription", Kind::Text(Rule::Any), "Where it goes; the same subscription without it."),
    key("create_resource_group", Kind::Flag, CREATE),
    key("lift_locks", Kind::Flag, LIFT),
    key("replace_nodes", Kind::Flag, REPLACE),
    key("pinned", Kind::Texts(Rule::Any), "Hosts (ids) whose code is known to name its identity."),
    key(
        "strategies",
        Kind::Pairs(Rule::OneOf(STRATEGIES)),
        "How to re-point hosts (ids) that somebody knows a better way for.",
    ),
    key("tags", Kind::Pairs(Rule::Any), "Tags of the new identity, beside those that are copied."),
    key(
        "accept_unseen",
        Kind::Texts(Rule::Any),
        "What cannot be read and somebody answers for, by its name.",
    ),
    key(
        "accept_unknown",
        Kind::Texts(Rule::Any),
        "Properties that this program does not know and that may be left behind.",
    ),
];

const WAITS: &[Key] = &[
    key("grants", Kind::Text(Rule::Duration), "Until a role assignment acts everywhere; 10m without it."),
    key(
        "high_grants",
        Kind::Text(Rule::Duration),
        "The same for data roles at management groups; 6h without it.",
    ),
    key(
        "claims",
        Kind::Text(Rule::Duration),
        "How long a token keeps its groups and application permissions; 24h without it.",
    ),
    key(
        "drain",
        Kind::Text(Rule::Duration),
        "On the way back, after the hosts and before the new identity's grants go; 10m without it.",
    ),
];

/// Those of them that have the identity are asked; which, is said by patterns of their names.
pub(super) const DATA_PLANES: &[Key] = &[
    key("search", Kind::Texts(Rule::Pattern), "AI Search: names of services; [\"*\"] for each."),
    key("kusto", Kind::Texts(Rule::Pattern), "Data Explorer: names of clusters."),
    key(
        "databricks",
        Kind::Texts(Rule::Pattern),
        "Databricks: names of workspaces, where an access connector has the identity.",
    ),
    key("synapse", Kind::Texts(Rule::Pattern), "Synapse: names of workspaces."),
    key("purview", Kind::Texts(Rule::Pattern), "Purview: names of accounts."),
    key("load_testing", Kind::Texts(Rule::Pattern), "Load Testing: names of resources."),
    key("batch", Kind::Texts(Rule::Pattern), "Batch: names of accounts."),
];

// The spellings of plans are taken as well.
const STRATEGIES: &[&str] = &["overlap", "swap", "pin-first", "by-hand", "pin_first", "by_hand"];

const CREATE: &str = "Make a target group that is not there; on the way back it goes again.";
const LIFT: &str = "Take away locks that are in the way, and put them back.";
const REPLACE: &str = "Give kubelets of AKS the new identity, which replaces every node.";
