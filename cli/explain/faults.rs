//! CLI: what the codes of this program's own faults mean. Pure data.

/// This program is wrong: there is nothing that an operator has done.
const OURS: &str = "report it, with the output of rehome history MOVE";

/// It goes on when Azure has caught up.
const PASSES: &str = "it goes on by itself; where it has stopped, retry it";

/// Code, meaning, and what can be done.
pub(super) const OWN: &[(&str, &str, &str)] = &[
    (
        "AccessDiffers",
        "the new identity may not do yet what the old one may",
        "wait for Azure, or compare both: rehome verify MOVE",
    ),
    (
        "AnotherOne",
        "what stands under this name is somebody else's",
        "compare the two; then skip the step, or remove the other and retry",
    ),
    ("BadId", "a text that should be a resource id is none", "correct it in the batch file, and plan again"),
    ("BadPath", "an address is none that Azure or Graph has", OURS),
    (
        "Drifted",
        "somebody has changed what this move made, after it was through",
        "compare: rehome show MOVE; then retry to look again, or roll the move back",
    ),
    ("EntraReplication", "Entra ID does not know the new principal everywhere yet", PASSES),
    (
        "Foreign",
        "somebody else has changed it: nothing of it is touched",
        "put it back and retry, or skip the step",
    ),
    (
        "GaveUp",
        "the limits of the plan for trying again are reached",
        "find the cause in rehome show MOVE:STEP, then retry",
    ),
    ("Gone", "what was to be changed is not there any more", "skip the step, or plan again"),
    ("GoneAndListed", "two answers of Azure contradict each other", "wait some minutes, then retry"),
    (
        "HiddenValue",
        "a write would lose a value that Azure does not show",
        "do the step by hand, then rehome mark-done MOVE:STEP",
    ),
    (
        "HeldUp",
        "another move stopped at what this step works on, and nobody knows yet what it left there",
        "decide there: rehome show MOVE:STEP of the other move; then this one goes on",
    ),
    ("HoldsNotRead", "the log did not say which step has what another one needs", PASSES),
    (
        "IdentityLeftInGroup",
        "something is left in the resource group that this move made",
        "move it elsewhere and retry, or skip the step: the group stays",
    ),
    ("InProgress", "Azure is still working on it", PASSES),
    ("Irreversible", "a deleted identity cannot be brought back", "make a new one: its ids are others"),
    (
        "NoActivityLog",
        "the resource is in no subscription, so no Activity Log says who changed it",
        "look into the audit log of the directory, where the resource is in Entra ID",
    ),
    ("NoAnswer", "a request got no answer: Azure is read before anything is sent again", PASSES),
    ("NoCheck", "a step that should compare has nothing to compare", OURS),
    ("NoFacts", "the survey gave nothing for an identity", OURS),
    (
        "NoIdentity",
        "there is no such identity, or you may not see it",
        "correct its id in the batch file, or get Reader there",
    ),
    ("NoInput", "a step that should write has nothing to write", OURS),
    (
        "NoProvider",
        "the subscription does not know a provider of resources",
        "az provider register -n NAMESPACE --wait",
    ),
    (
        "NoRequest",
        "Entra ID does not know a request that it took",
        "look at the requests of privileged identity management, then retry",
    ),
    (
        "NotAlike",
        "the old and the new identity are not the same in what was given to them",
        "`rehome verify MOVE` says where; put it right, then retry",
    ),
    (
        "NotAnAnswer",
        "an answer is not one of Azure",
        "look whether a proxy stands between you and Azure, then retry",
    ),
    ("NotARead", "a command that is to show something would do more, so it was not sent", OURS),
    ("NotApplied", "an attempt that got no answer had no effect", PASSES),
    (
        "NotAsBefore",
        "not everything is as it was before the first step",
        "`rehome show MOVE` names what differs",
    ),
    (
        "NotAsWritten",
        "Azure answered with success, and left part of it out",
        "compare what was sent and what is there: rehome show MOVE:STEP; then retry",
    ),
    ("NotDone", "somebody said that the step is done, and Azure does not show it", "retry it, or skip it"),
    (
        "NotItsHost",
        "a service says that its data plane is at a host which is not below its own domain: nothing was sent there",
        "look at the resource, then answer for it by name: accept_unseen in the batch file",
    ),
    (
        "NotItsPrincipal",
        "the new identity has another principal than the one that was made",
        "somebody made it anew: roll the move back, and plan again",
    ),
    ("NotMade", "the other identity, which this one stands beside in a grant, is not there yet", PASSES),
    (
        "NotSent",
        "nothing was sent: Azure could not be reached",
        "check the connection; the step is tried again",
    ),
    (
        "NotSignedIn",
        "signing in was refused; nothing was sent",
        "az login, or the AZURE_ variables; then retry. rehome doctor looks at it",
    ),
    ("NotTakenUp", "a move could not be taken up by the runner", "run the same command again"),
    ("NotThere", "what was made is not there", "retry the step"),
    ("NotUndone", "somebody said that the step is taken back, and it is still there", "retry it, or skip it"),
    ("NotYetCertain", "nothing is to be seen, and a request without an answer may still take effect", PASSES),
    (
        "NoVersion",
        "this Azure has none of the API versions that this program knows",
        "use a newer version of this program, or check --cloud",
    ),
    ("Partial", "part of the effect is in place, and the rest is to follow", PASSES),
    ("PlanRule", "a plan breaks a rule of plans", OURS),
    ("PlanRules", "a plan breaks a rule of plans", OURS),
    ("PollUnsupported", "Azure works on something that this program does not know how to follow", OURS),
    (
        "PromiseBroken",
        "Azure is not as the plan promised",
        "`rehome verify MOVE` says where; put it right, then retry",
    ),
    (
        "RequestNotGranted",
        "privileged identity management did not grant a request",
        "have it approved there, or change the rule that refuses it; then retry",
    ),
    ("SignInUnavailable", "the sign-in server did not answer; nothing was sent", PASSES),
    ("StillAttached", "a resource still carries the old identity", "detach it there, then retry"),
    ("StillOld", "a resource still uses the old identity", PASSES),
    (
        "StillPartial",
        "part of the effect is in place, and the rest does not follow",
        "compare what is there: rehome show MOVE:STEP; then retry, or put it right",
    ),
    ("StillThere", "what was taken back is there again", "somebody puts it back: find out who, then retry"),
    (
        "StillUsed",
        "somebody has signed in as the old identity of late",
        "find them in the sign-in log; the date of the clean-up moves with it",
    ),
    ("Twice", "something was asked for twice that is asked for once", OURS),
    (
        "Undecodable",
        "what a log or a plan says does not fit its type",
        "use the program that wrote it, or a newer one",
    ),
    (
        "UnknownName",
        "a log or a plan names what this program does not know",
        "use the program that wrote it, or a newer one",
    ),
    (
        "UnknownService",
        "a plan names a data plane that this program cannot ask",
        "use the version that made the plan, or plan again",
    ),
    ("Unresolvable", "a step needs an output that an earlier step did not give", OURS),
    (
        "Untold",
        "what was there before is lost, and cannot be worked out from what is there",
        "look at Azure, then rehome mark-done, skip or retry",
    ),
];
