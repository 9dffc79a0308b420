//! Activities: types of resources that name identities and are never written to by a program. Pure.

/// One type.
pub(crate) struct ManualOnlyType {
    /// The type, in lower case.
    pub(crate) kind: &'static str,
    /// The version that it is read in.
    pub(crate) api_version: &'static str,
    /// What it is, for people.
    pub(crate) what: &'static str,
}

/// The types: to write one is to deploy it again, or to speak for another tenant.
const MANUAL_ONLY: [ManualOnlyType; 3] = [
    ManualOnlyType {
        kind: "microsoft.resources/deploymentstacks",
        api_version: "2024-03-01",
        what: "deployment stack",
    },
    ManualOnlyType {
        kind: "microsoft.managedservices/registrationdefinitions",
        api_version: "2022-10-01",
        what: "Lighthouse definition",
    },
    ManualOnlyType {
        kind: "microsoft.authorization/policyexemptions",
        api_version: "2022-07-01-preview",
        what: "policy exemption",
    },
];

/// One of these types, by its name in any case.
pub(crate) fn of(kind: &str) -> Option<&'static ManualOnlyType> {
    MANUAL_ONLY.iter().find(|said| said.kind.eq_ignore_ascii_case(kind))
}
