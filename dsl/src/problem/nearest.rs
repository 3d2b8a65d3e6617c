//! Did you mean: the known word that is nearest to an unknown one.

/// A word longer than this is not a slip of the fingers, and the distance costs its square.
const WORD_CHARS_MAX: usize = 40;

/// The candidate that differs from `word` by the fewest slips (a letter more, less, other, or two swapped), if that
/// is at most a third of its letters. Of equally near ones it is the first.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(WORD_CHARS_MAX + 1).collect();
    if letters.len() > WORD_CHARS_MAX {
        return None;
    }
    let allowed = letters.len().div_ceil(3).min(3);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word && candidate.len() <= WORD_CHARS_MAX)
        .map(|candidate| {
            (
                distance(&letters, &candidate.chars().collect::<Vec<_>>()),
                candidate,
            )
        })
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Slips between two words, where swapping two neighbours is one (optimal string alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let mut least = (above[j + 1] + 1)
                .min(row[j] + 1)
                .min(above[j] + usize::from(l != r));
            let is_swap = i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r;
            if is_swap {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word_and_strangers_find_none() {
        let words = ["machine", "type", "fn", "const", "migrate", "on"];
        let table = [
            ("machin", Some("machine")),
            ("mahcine", Some("machine")),
            ("tpye", Some("type")),
            ("migarte", Some("migrate")),
            ("no", Some("on")),
            ("kangaroo", None),
            ("machine", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
        assert_eq!(nearest(&"m".repeat(1_000_000), words), None);
    }
}
