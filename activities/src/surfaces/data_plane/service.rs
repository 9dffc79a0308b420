//! Activities: a service whose data plane can be asked: its hosts, for whom tokens are, its lists, and how a person changes
//! what is in them. Pure data.

use crate::azure::{PlaneHost, PlaneList, Reader};
use crate::surfaces::data_plane::facts::Inside;
use serde_json::Value;

/// One service.
pub(crate) struct Service {
    /// Its key in the batch file.
    pub(crate) word: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// The type of what is asked, in lower case.
    pub(crate) kind: &'static str,
    /// The type of what has the identity where it is named inside, in lower case: the same, for most.
    pub(crate) carrier: &'static str,
    /// The version of Resource Manager in which it says its host.
    pub(crate) api: &'static str,
    /// The host that it says, as a name or a URL.
    pub(crate) host: fn(&Value) -> Option<String>,
    /// The domain of its hosts and the audience of its tokens, in the order of the clouds with a name; nothing where it is
    /// not offered.
    pub(crate) clouds: [Option<(&'static str, &'static str)>; 3],
    /// What is read.
    pub(crate) lists: &'static [List],
    /// Whether an answer may leave something out without saying so: then the general step stays.
    pub(crate) partial: bool,
}

/// One list.
pub(crate) struct List {
    /// What is in it, as people say it.
    pub(crate) what: &'static str,
    pub(crate) ask: Ask,
    /// Where an entry says its name.
    pub(crate) name: &'static str,
    /// Entries that another list has, by a member and its value.
    pub(crate) not: Option<(&'static str, &'static str)>,
    /// What of an entry the command for a person needs, beside its name.
    pub(crate) kept: fn(&Value) -> Value,
    /// The command with which a person puts one identity in the place of another.
    pub(crate) change: fn(&Change<'_>) -> String,
    /// Whether it names identities by their principal ids, which the new one has only once it is made.
    pub(crate) by_principal: bool,
}

/// How a list is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    List(PlaneList),
    /// A command that shows something of a cluster.
    Cluster(&'static str),
    /// What stands before and behind the name of a database in a command that shows something of it.
    Database([&'static str; 2]),
}

/// What a person changes.
pub(crate) struct Change<'a> {
    pub(crate) list: &'static List,
    pub(crate) host: &'a str,
    /// For whom a token is.
    pub(crate) audience: &'static str,
    pub(crate) object: &'a Inside,
    /// The resource id that stands there, and the one that is put there.
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// The principal id that is put there; where the list goes by principals, it stands for the new one.
    pub(crate) principal: &'a str,
}

impl Service {
    /// The host and the audience in this cloud; nothing where the host is none of the service's own.
    pub(crate) fn at(&self, reader: &Reader, host: &str) -> Option<PlaneHost> {
        let (domain, audience) = self.clouds[reader.cloud_number()?]?;
        PlaneHost::below(domain, audience, host)
    }

    /// For whom tokens are at this host, whatever the cloud.
    pub(crate) fn audience_of(&self, host: &str) -> &'static str {
        let known = self.clouds.iter().flatten().find(|(domain, _)| host.ends_with(domain));
        known.or(self.clouds.iter().flatten().next()).map_or("", |(_, audience)| audience)
    }
}

/// The name of a host in a URL, or the name itself.
pub(crate) fn host_in(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    text.split('/').next().unwrap_or_default().to_owned()
}

/// Nothing of an entry is needed.
pub(crate) fn nothing(_: &Value) -> Value {
    Value::Null
}
