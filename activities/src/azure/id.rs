//! Azure: ids. Each keeps the spelling that it came in and is compared without regard to case, as Azure compares them. Pure.

use rehome_orchestrator::PlanValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The id of something of this sort. Two that differ in the case of ASCII letters are one, in `==`, in order and in hashes;
/// what is shown, sent and recorded is the spelling that it came in. A clone copies no text.
pub struct Id<Of>(Arc<str>, PhantomData<fn() -> Of>);

/// The ARM id of a resource, a group of resources, a subscription or a management group: of any scope, then, and of a role
/// definition. `/subscriptions/…/resourceGroups/…/providers/Microsoft.Web/sites/…`
pub type ResourceId = Id<Resource>;
/// The type of a resource: `Microsoft.Web/sites/slots`.
pub type ResourceType = Id<Type>;
/// The id of a subscription, without what stands before it in an ARM id. A GUID.
pub type SubscriptionId = Id<Subscription>;
/// The object id of a principal: a service principal, a user or a group. A GUID.
pub type PrincipalId = Id<Principal>;
/// The client id of an identity or an application. A GUID.
pub type ClientId = Id<Client>;
/// Any other id of Entra ID: of a tenant, a role, an application as an object. A GUID.
pub type DirectoryId = Id<DirectoryObject>;

/// What Resource Manager knows.
pub enum Resource {}
/// The sorts of that.
pub enum Type {}
/// Where resources are paid for.
pub enum Subscription {}
/// What can be granted something.
pub enum Principal {}
/// What signs in.
pub enum Client {}
/// What else Entra ID knows.
pub enum DirectoryObject {}

const PROVIDERS: &str = "/providers/";

impl ResourceId {
    /// Its type: the provider, and every second part after it. Groups of resources and subscriptions have none.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let slot = ResourceId::from("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b");
    /// assert_eq!(slot.kind().unwrap(), "Microsoft.Web/sites/slots");
    /// assert_eq!(ResourceId::from("/subscriptions/s/resourceGroups/g").kind(), None);
    /// ```
    pub fn kind(&self) -> Option<ResourceType> {
        let mut parts = self[self.provider_at()? + PROVIDERS.len()..].split('/');
        let provider = parts.next()?;
        let names: Vec<&str> = parts.step_by(2).collect();
        (!names.is_empty()).then(|| format!("{provider}/{}", names.join("/")).into())
    }

    /// Its last part; of a role definition, the GUID.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// assert_eq!(ResourceId::from("/subscriptions/s/resourceGroups/g").name(), "g");
    /// ```
    pub fn name(&self) -> &str {
        self.rsplit('/').next().unwrap_or_default()
    }

    /// The list that it is in: the id without its name.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let site = ResourceId::from("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a");
    /// assert_eq!(site.list().unwrap(), "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites");
    /// ```
    pub fn list(&self) -> Option<Self> {
        self.rsplit_once('/').map(|(list, _)| list.into())
    }

    /// What a part of a resource stands in: the id without its last type and name.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let slot = ResourceId::from("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b");
    /// assert_eq!(slot.parent(), "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a");
    /// ```
    pub fn parent(&self) -> &str {
        self.rsplitn(3, '/').nth(2).unwrap_or(self)
    }

    /// The resources that a part of one stands in, from that of the first level, its account, inwards.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let page = ResourceId::from("/providers/Microsoft.Web/sites/a/slots/b/config/web");
    /// let around: Vec<_> = page.around().collect();
    /// assert_eq!(around, ["/providers/Microsoft.Web/sites/a", "/providers/Microsoft.Web/sites/a/slots/b"]);
    /// ```
    pub fn around(&self) -> impl Iterator<Item = Self> {
        let from = self.provider_at().map_or(self.len(), |at| at + PROVIDERS.len());
        let slashes = self.match_indices('/').map(|(at, _)| at).filter(move |at| *at > from);
        slashes.skip(2).step_by(2).map(|at| self[..at].into())
    }

    /// What an object of the provider of authorizations is about: an assignment, a lock; the root is `/`.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let lock = ResourceId::from("/subscriptions/s/providers/Microsoft.Authorization/locks/l");
    /// assert_eq!(lock.scope().unwrap(), "/subscriptions/s");
    /// ```
    pub fn scope(&self) -> Option<Self> {
        let at = rfind(self, "/providers/microsoft.authorization/")?;
        Some(if at == 0 { "/" } else { &self[..at] }.into())
    }

    /// The subscription that it is in.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// assert_eq!(ResourceId::from("/Subscriptions/s/resourceGroups/g").subscription().unwrap(), "s");
    /// assert_eq!(ResourceId::from("/providers/x").subscription(), None);
    /// ```
    pub fn subscription(&self) -> Option<SubscriptionId> {
        let mut parts = self.strip_prefix('/')?.split('/');
        parts.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
        parts.next().map(SubscriptionId::from)
    }

    /// The name of the resource group.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// assert_eq!(ResourceId::from("/subscriptions/s/resourcegroups/g").resource_group(), Some("g"));
    /// ```
    pub fn resource_group(&self) -> Option<&str> {
        self.after("resourceGroups")
    }

    /// The part that follows one of its words.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// assert_eq!(ResourceId::from("/providers/Microsoft.Web/sites/a").after("Sites"), Some("a"));
    /// ```
    pub fn after(&self, word: &str) -> Option<&str> {
        let mut parts = self.split('/');
        parts.find(|part| part.eq_ignore_ascii_case(word))?;
        parts.next()
    }

    /// Whether it is truly below another.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let group = ResourceId::from("/subscriptions/s/resourceGroups/g");
    /// assert!(group.is_below("/SUBSCRIPTIONS/s") && !group.is_below(&group));
    /// assert!(!ResourceId::from("/subscriptions/s-2").is_below("/subscriptions/s"));
    /// ```
    pub fn is_below(&self, other: &str) -> bool {
        self.below(other).is_some_and(|rest| !rest.is_empty())
    }

    /// Whether it is another, or below it.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let group = ResourceId::from("/subscriptions/s/resourceGroups/g");
    /// assert!(group.is_at_or_below(&group) && group.is_at_or_below("/subscriptions/s"));
    /// ```
    pub fn is_at_or_below(&self, other: &str) -> bool {
        self.below(other).is_some()
    }

    /// The same place below `to` as this is at or below `from`.
    ///
    /// ```
    /// # use rehome_activities::azure::ResourceId;
    /// let site = ResourceId::from("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a");
    /// let moved = site.moved("/subscriptions/S/resourcegroups/g", "/subscriptions/s/resourceGroups/h").unwrap();
    /// assert_eq!(moved, "/subscriptions/s/resourceGroups/h/providers/Microsoft.Web/sites/a");
    /// ```
    pub fn moved(&self, from: &str, to: &str) -> Option<Self> {
        Some(format!("{to}{}", self.below(from)?).into())
    }

    /// What of it follows another, which it is or is below of.
    fn below(&self, other: &str) -> Option<&str> {
        let (head, rest) = self.split_at_checked(other.len())?;
        (head.eq_ignore_ascii_case(other) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    }

    /// Where the last provider begins.
    fn provider_at(&self) -> Option<usize> {
        rfind(self, PROVIDERS)
    }
}

/// Where the last of these texts begins, which is ASCII.
fn rfind(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).rposition(|here| here.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The bytes that count.
fn bytes(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

impl<Of> Id<Of> {
    /// In the spelling that it came in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for every spelling: what it is called by in the names of facts, and in names that are made from it.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl<Of> Clone for Id<Of> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<Of> Default for Id<Of> {
    fn default() -> Self {
        "".into()
    }
}

impl<Of> Deref for Id<Of> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<Of> AsRef<str> for Id<Of> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<Of> fmt::Display for Id<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<Of> fmt::Debug for Id<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<Of> PartialEq for Id<Of> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl<Of> Eq for Id<Of> {}

impl<Of> PartialEq<str> for Id<Of> {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl<Of> PartialEq<Id<Of>> for String {
    fn eq(&self, other: &Id<Of>) -> bool {
        other == self.as_str()
    }
}

impl<Of> PartialEq<String> for Id<Of> {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}

impl<Of> PartialEq<&str> for Id<Of> {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl<Of> Ord for Id<Of> {
    fn cmp(&self, other: &Self) -> Ordering {
        bytes(self).cmp(bytes(other))
    }
}

impl<Of> PartialOrd for Id<Of> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Of> Hash for Id<Of> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        bytes(self).for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
    }
}

impl<Of> From<&str> for Id<Of> {
    fn from(text: &str) -> Self {
        Self(text.into(), PhantomData)
    }
}

impl<Of> From<String> for Id<Of> {
    fn from(text: String) -> Self {
        Self(text.into(), PhantomData)
    }
}

impl<Of> From<&String> for Id<Of> {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl<Of> From<Id<Of>> for String {
    fn from(id: Id<Of>) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl<Of> From<&Id<Of>> for String {
    fn from(id: &Id<Of>) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl<Of> From<&Id<Of>> for PlanValue<Id<Of>> {
    fn from(id: &Id<Of>) -> Self {
        id.clone().into()
    }
}

impl<Of> Serialize for Id<Of> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, Of> Deserialize<'de> for Id<Of> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashSet};

    #[test]
    fn an_id_keeps_its_spelling_and_is_one_with_every_other_spelling() {
        let [one, other] = ["/Subscriptions/S", "/subscriptions/s"].map(ResourceId::from);
        assert_eq!((&one, one.cmp(&other)), (&other, Ordering::Equal));
        assert_eq!(
            HashSet::from([one.clone()]).get(&other).map(ResourceId::as_str),
            Some("/Subscriptions/S")
        );
        assert_eq!(BTreeSet::from([one.clone(), other]).len(), 1);
        assert_eq!(serde_json::to_string(&one).unwrap(), "\"/Subscriptions/S\"");
        assert_eq!(serde_json::from_str::<ResourceId>("\"/subscriptionS/s\"").unwrap(), one);
        assert_eq!(format!("{one} {one:?}"), "/Subscriptions/S \"/Subscriptions/S\"");
    }

    #[test]
    fn order_is_that_of_the_texts_in_lower_case() {
        let mut texts = ["/b", "/A", "/a/c", "/B_", "/b-", "", "/ä"];
        texts.sort_by_key(|text| text.to_ascii_lowercase());
        let ids: BTreeSet<ResourceId> = texts.map(ResourceId::from).into();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), texts);
    }

    #[test]
    fn hostile_ids_have_no_parts_that_they_do_not_have() {
        for text in ["", "/", "//", "/providers/", "é", "/subscriptions", "/ſubscriptions/s", "/providers/x"]
        {
            let id = ResourceId::from(text);
            assert_eq!((id.kind(), id.subscription(), id.resource_group()), (None, None, None), "{text:?}");
            assert_eq!(id.around().count(), 0, "{text:?}");
            assert!(!id.is_below("/subscriptions/é") && id.moved("/x", "/y").is_none(), "{text:?}");
        }
        assert!(!ResourceId::from("/é/x").is_below("/\u{c3}"), "a cut inside a letter is none");
    }

    #[test]
    fn an_extension_has_a_type_and_a_scope_of_its_own() {
        let site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a";
        let lock = ResourceId::from(format!("{site}/providers/microsoft.AUTHORIZATION/locks/l"));
        assert_eq!(lock.kind().unwrap(), "Microsoft.Authorization/locks");
        assert_eq!((lock.scope().unwrap().as_str(), lock.around().count()), (site, 0));
        let root = ResourceId::from("/providers/Microsoft.Authorization/roleAssignments/r");
        assert_eq!(root.scope().unwrap(), "/");
        assert_eq!(ResourceId::from(site).scope(), None);
    }
}
