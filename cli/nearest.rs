//! CLI: what somebody probably meant who typed something else. Pure.

/// So many letters may be wrong, missing, too many or swapped.
const WRONG_MAX: usize = 2;

/// A longer word is no slip of the fingers.
const LENGTH_MAX: usize = 64;

/// The known word that is nearest to one that is not known, if one is near.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > LENGTH_MAX {
        return None;
    }
    let far = |word: &&str| distance(&typed.to_lowercase(), &word.to_lowercase());
    let best = known.into_iter().min_by_key(far)?;
    (far(&best) <= WRONG_MAX.min(typed.chars().count() / 2)).then_some(best)
}

/// How many single letters have to be changed, left out, put in or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood_and_another_word_is_not() {
        let clouds = ["azure", "usgov", "china"];
        assert_eq!(nearest("azur", clouds), Some("azure"));
        assert_eq!(nearest("Azrue", clouds), Some("azure"));
        assert_eq!(nearest("soek", ["name", "to", "soak"]), Some("soak"));
        for word in ["aws", "x", "", "germany"] {
            assert_eq!(nearest(word, clouds), None, "{word}");
        }
    }
}
