//! CLI: a scan that was kept: facts for a plan, and evidence of what a team's code says now. Reads that file.

use crate::batch_file::AskedIn;
use crate::error::{CliError, Exit};
use crate::files;
use crate::scan::file::ScanFile;
use rehome_activities::code::{Owned, Scanned, scanned};
use rehome_activities::references::scan::Identifiers;
use rehome_activities::relocate::Facts;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A scan with what names it in a record.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) scan: ScanFile,
    pub(crate) file: AskedIn,
}

/// Reads a scan.
pub(crate) fn load(path: &Path) -> Result<Evidence, CliError> {
    let bytes = files::read(path, "a scan", files::ESTATE_BYTES_MAX)?;
    let place = path.display().to_string();
    let scan: ScanFile = serde_json::from_slice(&bytes).map_err(|e| {
        CliError::because(Exit::Usage, "this is no scan", &e)
            .at(place.clone())
            .next("name a file that `rehome scan --save` wrote")
    })?;
    if !scan.format_version.starts_with("1.") {
        let what = format!("the scan has format {}, and this program knows only 1.0", scan.format_version);
        return Err(CliError::new(Exit::Usage, what)
            .at(place)
            .next("scan again with this version of the program"));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Evidence { scan, file: AskedIn { name, sha256 } })
}

impl Evidence {
    /// What was scanned for an identity; nothing where it was not looked for.
    ///
    /// # Errors
    /// When other ids were looked for than it has: what was not found says nothing then.
    pub(crate) fn of(&self, who: &Identifiers) -> Result<Option<Vec<Scanned>>, CliError> {
        let Some(asked) = self.scan.asked(&who.resource_id) else { return Ok(None) };
        if asked.old != *who {
            return Err(CliError::new(
                Exit::Usage,
                "the scan looked for other ids than the identity has now",
            )
            .at(who.resource_id.to_string())
            .next("scan again"));
        }
        let places = |repository: &str| {
            let found = self.scan.found.iter();
            let of =
                found.filter(|found| found.identity == who.resource_id && found.repository == repository);
            of.map(|found| found.place.clone()).collect()
        };
        let one = self.scan.repositories.iter().map(|repository| Scanned {
            repository: repository.name.clone(),
            files: repository.files,
            unread: repository.unread,
            at_ms: self.scan.scanned_at_ms,
            places: places(&repository.name),
        });
        Ok(Some(one.collect()))
    }

    /// Why this scan does not show that the code of a move has none of its old ids: of the whole of it, or of what one owner
    /// has in one repository.
    pub(crate) fn against(&self, facts: &Facts, part: Option<&Owned>) -> Vec<String> {
        let who = &facts.identity.identifiers;
        let Some(asked) = self.scan.asked(&who.resource_id).filter(|asked| asked.old == *who) else {
            return vec!["the scan did not look for this identity".to_owned()];
        };
        let mut why = Vec::new();
        if !asked.new.is_made() {
            why.push("the scan does not know the new ids: scan by the log, without -f and --plan".to_owned());
        }
        for known in scanned(facts) {
            if part.is_some_and(|part| part.repository != known.repository) {
                continue;
            }
            let name = &known.repository;
            match self.scan.repositories.iter().find(|scanned| scanned.name == *name) {
                None => why.push(format!("{name} was not scanned")),
                Some(scanned) if scanned.unread > 0 => {
                    why.push(format!("{} of {name} could not be read", scanned.unread))
                }
                Some(_) if self.scan.scanned_at_ms <= known.at_ms => {
                    why.push(format!("the scan of {name} is the one of the plan"))
                }
                Some(_) => {}
            }
        }
        let left = self.scan.found.iter().filter(|found| {
            let is_of = |part: &Owned| part.repository == found.repository && part.owner == found.place.owner;
            found.identity == who.resource_id && part.is_none_or(is_of) && self.scan.is_outdated(found)
        });
        why.extend(left.map(|found| {
            let place = &found.place;
            format!(
                "{}: {}:{}:{} still has an old id",
                found.repository, place.file, place.line, place.column
            )
        }));
        why
    }

    /// What a record says of it, beside what somebody has said.
    pub(crate) fn words(&self) -> String {
        let date = crate::time::date(self.scan.scanned_at_ms);
        format!("scan {} of {date}, sha256:{}", self.file.name, self.file.sha256)
    }
}
