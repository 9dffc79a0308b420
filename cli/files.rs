//! CLI: files that people hand in, read only as far as such a file may go. Touches the file that is named.

use crate::error::{CliError, Exit};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// An estate has at most this many bytes: a hundred thousand resources of a kilobyte each fit.
pub(crate) const ESTATE_BYTES_MAX: u64 = 256 << 20;

/// Reads a file of at most so many bytes; `what` is what it should be: `a plan`, `a batch file`.
pub(crate) fn read(path: &Path, what: &str, bytes_max: u64) -> Result<Vec<u8>, CliError> {
    let place = path.display().to_string();
    let failed = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => {
            let bare = what.split_once(' ').map_or(what, |(_, bare)| bare);
            CliError::new(Exit::NotFound, format!("there is no such {bare}"))
                .at(place.clone())
                .next(format!("name {what} that exists"))
        }
        ErrorKind::IsADirectory => CliError::new(Exit::Usage, format!("this is a folder, and not {what}"))
            .at(place.clone())
            .next(format!("name {what} in it")),
        _ => CliError::because(Exit::Failed, &format!("failed to read {what}"), &e)
            .at(place.clone())
            .next(format!("name {what} that you may read")),
    };
    let mut bytes = Vec::new();
    // The length that a file says it has is not asked: pipes and devices have none, and end when they like.
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        let error = CliError::new(Exit::Usage, format!("the file is too large to be {what}")).at(place);
        return Err(error.next(format!("name {what}")));
    }
    Ok(bytes)
}

/// The same, for a file that is text.
pub(crate) fn read_text(path: &Path, what: &str, bytes_max: u64) -> Result<String, CliError> {
    String::from_utf8(read(path, what, bytes_max)?).map_err(|e| {
        CliError::because(Exit::Usage, &format!("failed to read {what}"), &e)
            .at(path.display().to_string())
            .next(format!("name {what}, which is text"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_end_is_too_large_and_one_that_is_missing_is_named() {
        let endless = read(Path::new("/dev/zero"), "a plan", 1 << 10).expect_err("it does not end");
        assert_eq!(
            (endless.exit, endless.what.as_str()),
            (Exit::Usage, "the file is too large to be a plan")
        );
        let missing = read(Path::new("/no/such/file"), "a plan file", 1).expect_err("it is not there");
        assert_eq!((missing.exit, missing.what.as_str()), (Exit::NotFound, "there is no such plan file"));
        let folder = read(Path::new("/"), "a batch file", 1).expect_err("a folder");
        assert_eq!(
            (folder.exit, folder.what.as_str()),
            (Exit::Usage, "this is a folder, and not a batch file")
        );
        for error in [endless, missing, folder] {
            assert_eq!(error.next.len(), 1, "it says what to do: {error}");
        }
    }
}
