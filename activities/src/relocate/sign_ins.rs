//! Activities: the log of sign-ins: how it is asked, and which services are governed by what a plan copies. Pure.

use super::facts::Audience;

/// The log, below the version. Kinds of sign-ins are known to the preview only.
/// Source: <https://learn.microsoft.com/graph/api/signin-list>
pub(crate) const LOG: &str = "auditLogs/signIns";

/// Services whose rights are roles of Azure, application permissions, policies of vaults: what every plan looks for.
const GOVERNED: [&str; 6] = [
    // Resource Manager, Microsoft Graph, Key Vault, Storage, Event Hubs, Service Bus.
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "00000003-0000-0000-c000-000000000000",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "e406a681-f3d4-42a8-90b6-c2b029497af1",
    "80369ed6-5f11-4dd9-bef3-692475845e77",
    "80a10ef9-8168-493d-abf9-3297c4ef6e3c",
];

/// The sign-ins of a principal in this time, which ends now.
pub(crate) fn path(principal: &str, back_ms: u64) -> String {
    let back = chrono::TimeDelta::milliseconds(i64::try_from(back_ms).unwrap_or(i64::MAX));
    let since = chrono::Utc::now().checked_sub_signed(back).unwrap_or_default();
    let since = since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let principal = principal.replace('\'', "''");
    format!(
        "{LOG}?$filter=createdDateTime ge {since} and signInEventTypes/any(t: t eq 'managedIdentity') \
         and servicePrincipalId eq '{principal}'"
    )
}

/// Services in which somebody has to look for its rights, because no plan can.
pub(crate) fn elsewhere<'a>(
    audiences: &'a [Audience],
    permitted: &'a [&str],
) -> impl Iterator<Item = &'a Audience> {
    audiences.iter().filter(|audience| {
        let is = |known: &&str| {
            known.eq_ignore_ascii_case(&audience.id) || known.eq_ignore_ascii_case(&audience.name)
        };
        !GOVERNED.iter().any(is) && !permitted.iter().any(is)
    })
}
