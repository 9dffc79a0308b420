//! CLI: what was shown of a log beside its chain: by a signature, by whoever kept a signed end, by Azure. Reads these.

use crate::azure_exports::{Exports, record};
use crate::azure_logs::{Asked, Reconciled, reconciled};
use crate::checkpoint;
use crate::counted::counted;
use crate::error::CliError;
use crate::proof::{Level, Proof, Rung};
use crate::source::Source;
use crate::witness::{self, Kept, Outside};
use rehome_store::{Anchor, Checkpoint, NoteError, Verifier};
use std::path::PathBuf;

/// What is to be held against a log.
pub(crate) struct Held<'a> {
    pub(crate) source: &'a Source,
    /// How many events it has.
    pub(crate) events: u64,
    /// Whether each approval in it is signed.
    pub(crate) signed: bool,
    /// An end that was kept elsewhere, which fits.
    pub(crate) elsewhere: Option<&'a Anchor>,
    pub(crate) witnesses: &'a [PathBuf],
    pub(crate) signed_by: &'a [String],
    pub(crate) exports: &'a Exports,
}

impl Held<'_> {
    /// Every level, and whether Azure's log agrees with this one.
    pub(crate) async fn proof(&self) -> Result<(Proof, bool), CliError> {
        let chain = format!("each of {} is bound to all before it", counted(self.events, "event"));
        let chain = Rung::reached(Level::Chain, Some(self.events), chain);
        let (witnessed, outside) = self.witnessed().await?;
        let signed = match self.own().await? {
            Rung { reached: false, .. } if outside.count > 0 => Rung::reached(
                Level::Signed,
                Some(outside.up_to),
                "by the key of the checkpoints that were kept".to_owned(),
            ),
            own => own,
        };
        let (azure, agrees) = self.azure().await?;
        Ok((Proof::of(vec![chain, signed, witnessed, azure], self.events, self.signed), agrees))
    }

    /// The signed end beside a log.
    async fn own(&self) -> Result<Rung, CliError> {
        let lacks = |words: &str| Ok(Rung::lacks(Level::Signed, words));
        let Source::Database(log) = self.source else {
            return lacks("a bundle has no signed end of its own: --anchor CHECKPOINT --signed-by KEY");
        };
        let keys = match checkpoint::keys(self.source, self.signed_by).await {
            Ok(keys) => keys,
            Err(why) => return lacks(&why.what),
        };
        let note = match log.beside().checkpoint() {
            Ok(Some(note)) => note,
            Ok(None) => return lacks("there is no signed end beside it: the next runner makes one"),
            Err(why) => return lacks(&format!("{why}: {}", why.source)),
        };
        let place = log.beside().place(rehome_store::Part::Checkpoint);
        let checkpoint = match checkpoint::opened(note.as_bytes(), &keys) {
            Ok(checkpoint) => checkpoint,
            Err(why)
                if keys
                    .iter()
                    .all(|key| Checkpoint::open(note.as_bytes(), key) == Err(NoteError::Unsigned)) =>
            {
                return lacks(&format!("its signed end is not by this key: {}", why.what));
            }
            Err(why) => return Err(why.at(place)),
        };
        let kept = [Kept { place, checkpoint }];
        let fits = witness::confirmed(&**log, &kept).await?;
        if fits.count == 0 {
            return lacks("its signed end is of events that were lost: the next runner signs again");
        }
        Ok(Rung::reached(
            Level::Signed,
            Some(fits.up_to),
            format!("events 1 to {}, by the key of the log", fits.up_to),
        ))
    }

    /// The ends that somebody kept.
    async fn witnessed(&self) -> Result<(Rung, Outside), CliError> {
        let line = self.elsewhere.filter(|kept| !kept.is_of_nothing()).map(|kept| kept.position);
        let mut outside = Outside::default();
        if !self.witnesses.is_empty() {
            let keys: Vec<Verifier> = checkpoint::keys(self.source, self.signed_by).await?;
            let kept = witness::kept(self.witnesses, self.source.id(), &keys)?;
            outside = witness::confirmed(self.source.log(), &kept).await?;
        }
        let Some(up_to) = line.into_iter().chain((outside.count > 0).then_some(outside.up_to)).max() else {
            let mut words =
                "no end that was kept elsewhere was given: --anchor END, --witness PATH".to_owned();
            let places = witness::named(self.source.log()).await.unwrap_or_default();
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            if !places.is_empty() {
                words = format!("{words}; its plans name {}", places.join(", "));
            }
            return Ok((Rung::lacks(Level::Witnessed, words), outside));
        };
        let mut words = format!("events 1 to {up_to} are those of ");
        let kept = (outside.count > 0).then(|| counted(outside.count, "checkpoint"));
        let noted = line.map(|_| "the end that was noted down".to_owned());
        words.push_str(&kept.into_iter().chain(noted).collect::<Vec<_>>().join(" and "));
        if outside.lost > 0 {
            words = format!("{words}; {} more are of events that were lost, as the log says", outside.lost);
        }
        Ok((Rung::reached(Level::Witnessed, Some(up_to), words), outside))
    }

    async fn azure(&self) -> Result<(Rung, bool), CliError> {
        let exports = self.exports.read()?;
        if exports.is_empty() {
            let words = "no export of Azure's log was given: --activity-log FILE, --directory-audits FILE";
            return Ok((Rung::lacks(Level::Azure, words), true));
        }
        let found: Reconciled = reconciled(&record(self.source).await?, &exports, Asked::default());
        let logs = [&found.activity_log, &found.directory_audits].into_iter().flatten();
        let seen: usize = logs.map(|log| log.seen_by_intent).sum();
        let rung = match (found.agrees, seen) {
            (false, _) => {
                Rung::lacks(Level::Azure, "Azure's log does NOT agree: rehome audit reconcile shows where")
            }
            (true, 0) => Rung::lacks(Level::Azure, "the export has no write by the hash of its intent"),
            (true, _) => {
                let words = format!("{} in Azure's log by the hash of the intent", counted(seen, "write"));
                Rung::reached(Level::Azure, None, words)
            }
        };
        Ok((rung, found.agrees))
    }
}
