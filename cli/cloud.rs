//! CLI: which cloud, as whom, and how fast the program's own clocks go. Connects; writes nothing.

use crate::args::CloudArgs;
use crate::error::{CliError, Exit, causes};
use crate::nearest::nearest;
use crate::output::Output;
use rehome_activities::azure::{Azure, ConnectOptions, known_clouds};
use rehome_orchestrator::TimeScale;
use url::Host;

/// A cloud that is reached, and the speed of own timers.
pub(crate) struct Cloud {
    pub(crate) azure: Azure,
    pub(crate) url: String,
    pub(crate) time_scale: TimeScale,
}

/// A cloud as a plan has it, which people were shown before they approved it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recorded<'a> {
    pub(crate) url: Option<&'a str>,
    /// Where it is signed in to.
    pub(crate) authority: Option<&'a str>,
}

/// Reaches the cloud that was named, or else the one that was recorded.
pub(crate) async fn connect(
    output: &Output,
    args: &CloudArgs,
    recorded: Recorded<'_>,
) -> Result<Cloud, CliError> {
    let named = args.cloud.as_deref().or(recorded.url).ok_or_else(|| {
        CliError::new(Exit::Usage, "no cloud was named")
            .next("add --cloud azure, usgov, china, or the URL that `rehome sim serve` printed")
    })?;
    without_user(named)?;
    let url = url_of(named);
    if !url.contains("://") {
        let clouds = ["azure", "usgov", "china"];
        let error = CliError::new(Exit::Usage, format!("there is no cloud called {named:?}"));
        return Err(match nearest(named, clouds) {
            Some(meant) => error.next(format!("did you mean {meant}? --cloud {meant}")),
            None => {
                error.next("name azure, usgov, china, or the URL of a Resource Manager: --cloud https://...")
            }
        });
    }
    let time_scale = time_scale(args.time_scale, url)?;
    let options = ConnectOptions {
        cloud: url.to_owned(),
        authority: recorded.authority.filter(|_| recorded.url == Some(url)).map(ToOwned::to_owned),
        ca: args.ca.clone(),
        sign_in: args.sign_in.clone(),
        time_scale: time_scale.scale(),
    };
    let place = url.to_owned();
    let signing_in = output.waiting(move || format!("signing in to {place}"));
    let azure = Azure::connect(options).await;
    drop(signing_in);
    let azure = azure.map_err(|e| {
        let exit = if e.is_sign_in() { Exit::NotPermitted } else { Exit::Failed };
        let error = CliError::new(exit, causes(&e)).at(url.to_owned());
        match (e.advice(), exit == Exit::NotPermitted) {
            (Some(advice), _) => error.next(advice),
            (None, true) => {
                error.next("sign in: az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET")
            }
            (None, false) => error.next(
                "name the cloud's Resource Manager with --cloud, and look whether it is reached from here",
            ),
        }
    })?;
    Ok(Cloud { azure, url: url.to_owned(), time_scale })
}

/// Whether a cloud that a plan names may be taken from there: one with a name, or one on this machine. Any other is the
/// operator's to name, who sends it what they sign in with.
pub(crate) fn is_known(url: &str) -> bool {
    is_loopback(url) || known_clouds::at(url).is_some_and(|cloud| cloud.manager == url.trim_end_matches('/'))
}

/// The Resource Manager of a cloud that has a name, or the URL that was given.
fn url_of(named: &str) -> &str {
    known_clouds::named(named).map_or(named, |cloud| cloud.manager)
}

/// A cloud is recorded and shown: nobody's name or password may stand in it.
fn without_user(named: &str) -> Result<(), CliError> {
    match named.rsplit_once('@') {
        None => Ok(()),
        Some((_, host)) => {
            Err(CliError::new(Exit::Usage, "the URL of a cloud has no user and no password in it")
                .at(format!("[hidden]@{host}"))
                .next(
                    "name it without them, like --cloud https://management.azure.com, and sign in: az login",
                ))
        }
    }
}

/// Shortened timers are for rehearsals: against a real cloud they would hammer it.
fn time_scale(scale: Option<f64>, url: &str) -> Result<TimeScale, CliError> {
    let Some(scale) = scale else { return Ok(TimeScale::REAL) };
    if !is_loopback(url) {
        let what = "REHOME_TIME_SCALE is only for a cloud on this machine";
        return Err(CliError::new(Exit::Usage, what).at(url.to_owned()).next("unset REHOME_TIME_SCALE"));
    }
    TimeScale::scaled(scale)
        .ok_or_else(|| CliError::new(Exit::Usage, "REHOME_TIME_SCALE is a number from 1 up"))
}

/// Whether a URL is on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_with_a_password_is_refused_without_saying_it() {
        for named in
            ["http://me:hunter2@127.0.0.1:80", "me:hunter2@host", "https://hunter2@x/", "x://a:hunter2@b@c"]
        {
            let error = without_user(named).expect_err("refused");
            assert!(error.exit == Exit::Usage && !error.to_string().contains("hunter2"), "{error}");
        }
        assert!(without_user("https://management.azure.com").is_ok() && without_user("usgov").is_ok());
    }

    #[test]
    fn a_plan_may_name_a_cloud_that_has_a_name_or_is_on_this_machine() {
        for known in
            ["https://management.azure.com", "https://management.chinacloudapi.cn/", "http://127.0.0.1:9"]
        {
            assert!(is_known(known), "{known}");
        }
        for other in [
            "https://management.azure.com.evil.example",
            "https://management.azure.com:444",
            "https://management.azure.com/x",
            "http://management.azure.com",
            "https://10.0.0.1",
            "",
        ] {
            assert!(!is_known(other), "{other}");
        }
    }

    #[test]
    fn only_this_machine_may_have_shortened_timers() {
        assert!(
            time_scale(Some(9.0), "http://127.0.0.1:80").is_ok()
                && time_scale(Some(9.0), "https://[::1]:1/x").is_ok()
        );
        for url in ["https://management.azure.com", "http://127.0.0.1.evil.example", "http://10.0.0.1", "x"] {
            assert!(time_scale(Some(9.0), url).is_err(), "{url}");
            assert!(time_scale(None, url).is_ok(), "{url}");
        }
    }
}
