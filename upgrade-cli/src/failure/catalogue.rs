//! THE table of the codes of this side's own failures, with what each means. Nothing else makes one.
//!
//! `F0` is about files and words, `F1` about projects and their history, `F2` about modules and bundles
//! in files, `F3` about keys, nodes and what is said to them, `F4` about making bundles, `F5` about
//! tools, `F9` about what must not happen. A code is never used again for something else. What to do
//! about each stands in the advice of `cam explain`.

/// The command line is not understood; its reader says so before there is a command.
pub(crate) const MISUSE: &str = "F001";

/// What was found out cannot be printed.
pub(crate) const OUTPUT: &str = "F011";

/// Every code, and what it means.
pub(crate) const CODES: &[(&str, &str)] = &[
    ("F001", "the command line cannot be understood"),
    ("F002", "a file cannot be read"),
    ("F003", "a file is longer than what it is said to be can be"),
    ("F004", "a file is not UTF-8 text"),
    ("F005", "a file cannot be written"),
    ("F006", "a command would write over what it reads"),
    (
        "F007",
        "a file holds something else than the command is about",
    ),
    (
        "F008",
        "the standard input is not UTF-8 text, or cannot be read",
    ),
    ("F009", "a folder cannot be made"),
    ("F010", "a folder cannot be read"),
    ("F011", "the answer could not be printed"),
    ("F012", "the system does not watch files"),
    ("F013", "a folder cannot be watched"),
    ("F014", "the folder of the command is gone"),
    ("F015", "a source is longer than the compiler reads"),
    ("F101", "no project is here"),
    ("F102", "the manifest of the project cannot be used"),
    ("F103", "a name cannot be that of a project"),
    ("F104", "what would be made is there already"),
    ("F105", "the source has problems"),
    ("F111", "the lineage of the bundles is not TOML"),
    ("F112", "the lineage names something that is no digest"),
    (
        "F113",
        "a bundle is missing in the lineage, or is there twice",
    ),
    ("F121", "a file of the history is no program"),
    ("F122", "a program of the history does not verify"),
    (
        "F123",
        "a migration of the history is between other versions",
    ),
    (
        "F124",
        "a file of the history holds another version than its name says",
    ),
    ("F125", "a file that was released is gone from the history"),
    (
        "F126",
        "a file of the history was changed after it was released",
    ),
    (
        "F127",
        "a file of the history stands in the place of another",
    ),
    ("F128", "a migration in the history was never released"),
    ("F131", "no version is older than this one"),
    ("F132", "a version is not in the history"),
    ("F133", "one of two versions has no program to compare"),
    (
        "F134",
        "two versions cannot be compared since no migration leads from one to the other",
    ),
    (
        "F135",
        "two versions cannot be compared since old inputs mean nothing to the new one",
    ),
    ("F201", "bytes are no module"),
    ("F202", "a module does not verify"),
    ("F203", "a migration stands where a machine is expected"),
    ("F204", "a machine stands where a migration is expected"),
    ("F211", "bytes are no bundle"),
    ("F212", "a bundle was changed after it was signed"),
    ("F213", "a module in a bundle does not decode"),
    ("F214", "a module in a bundle does not verify"),
    ("F215", "a bundle leads to a machine of another name"),
    ("F216", "the parts of a bundle do not fit together"),
    ("F217", "a bundle says otherwise than its code what is lost"),
    ("F221", "a part is asked for of a file that is no bundle"),
    ("F222", "source lines are asked for of a bundle"),
    ("F223", "a bundle lacks the part that is asked for"),
    ("F231", "a module has no debug data or source beside it"),
    ("F232", "debug data cannot be used"),
    ("F241", "a text is no assembly"),
    ("F242", "an assembled module does not verify"),
    ("F301", "a name cannot be that of a key"),
    ("F302", "a key of this name is there already"),
    ("F303", "a key is not in the key folder"),
    ("F304", "the key folder is empty"),
    ("F305", "more than one key is there"),
    ("F306", "the key folder cannot be used"),
    ("F307", "no folder for keys is known"),
    ("F310", "a key file cannot be used"),
    ("F311", "the system gave no randomness"),
    ("F312", "a key cannot be written"),
    ("F313", "a key cannot be read"),
    ("F314", "a key may be read by others"),
    ("F315", "a file holds no key"),
    ("F321", "a name cannot be that of a node"),
    ("F322", "a node of this name is not known here"),
    ("F323", "a node has another key than the one that is pinned"),
    ("F324", "no place for the list of nodes is known"),
    ("F325", "the list of nodes is not TOML"),
    ("F326", "an entry in the list of nodes cannot be used"),
    ("F327", "a group of nodes cannot be used"),
    ("F331", "the system gives no network"),
    ("F332", "a node runs more than one machine"),
    ("F333", "a node runs no machine"),
    ("F341", "what was typed is no input of the machine"),
    ("F342", "the program that a node runs cannot be used here"),
    ("F343", "the answer of a node is no output of its program"),
    ("F344", "a state that is no record was asked for a field"),
    ("F345", "a state has no such field"),
    (
        "F351",
        "a version is to be retired whose clients are not served",
    ),
    ("F352", "the ledger of a machine is not one chain"),
    ("F353", "nothing runs beside the machine"),
    ("F354", "a shadow is asked for on several nodes"),
    ("F355", "a file is no exported life"),
    ("F356", "a life does not fit when it is lived again"),
    ("F357", "a life cannot be taken up where its file begins"),
    ("F358", "an exported life has no such step"),
    (
        "F359",
        "a bundle does not start from the version that a machine runs",
    ),
    ("F360", "a life is too long for one file"),
    ("F361", "the waves of a rollout do not take all nodes"),
    (
        "F362",
        "it is not clear how long a wave is to be waited for",
    ),
    ("F363", "a rollout has no nodes"),
    ("F401", "a name cannot be that of a machine on a node"),
    ("F402", "the reason of a bundle is too long"),
    (
        "F403",
        "a first bundle is asked for of a machine that has one",
    ),
    ("F404", "it is not clear whether an older version ever ran"),
    (
        "F405",
        "a bundle would start from a newer version than it leads to",
    ),
    ("F406", "a version that was never released is asked for"),
    ("F407", "a bundle would lead from a version to itself"),
    (
        "F408",
        "a bundle would lead to an older version than the last one",
    ),
    ("F409", "a version is to be left that no bundle has brought"),
    ("F410", "a bundle would not follow the last one"),
    (
        "F411",
        "a version does not say what becomes of the old state",
    ),
    ("F412", "the history lacks a version that was bundled"),
    ("F413", "a released version has another program now"),
    ("F414", "a version was bundled before in another way"),
    ("F415", "a version that was pushed is to be bundled anew"),
    (
        "F416",
        "the steps between two versions do not fit into one upgrade",
    ),
    ("F417", "a migration that was released is to be another one"),
    (
        "F418",
        "the migration drops what nobody has said may be lost",
    ),
    ("F420", "another bundle has the file's place"),
    (
        "F421",
        "a bundle would take the place of the one that it follows",
    ),
    ("F501", "a code is not known"),
    ("F901", "the formatter would have changed a meaning"),
    ("F902", "a manual page cannot be laid out"),
    ("F910", "the demo was interrupted"),
    ("F911", "the demo has no folder to work in"),
    ("F912", "the demo cannot run a command"),
    (
        "F913",
        "a command of the demo ended in another way than it should",
    ),
    ("F914", "a command of the demo does not say what it should"),
    ("F915", "a node of the demo did not start"),
    ("F916", "a step of the demo did not do what it shows"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    /// Codes that two rooms say, since what happened and what to do are the same.
    const SHARED: &[&str] = &["F015", "F103", "F201"];

    /// How often each code stands in the rooms, this table aside.
    fn uses(folder: &Path, uses: &mut BTreeMap<String, usize>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self::uses(&path, uses);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let is_table = path.ends_with("failure/catalogue.rs");
                let text = if is_table { constants(&text) } else { &text };
                for code in text.split('"').filter(|word| is_code(word)) {
                    *uses.entry(code.to_owned()).or_default() += 1;
                }
            }
        }
    }

    /// What stands before the table.
    fn constants(text: &str) -> &str {
        text.split("/// Every code").next().unwrap()
    }

    fn is_code(word: &str) -> bool {
        let number = word.strip_prefix('F').unwrap_or_default();
        number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    }

    #[test]
    fn every_code_is_said_and_none_for_two_causes() {
        let mut found = BTreeMap::new();
        uses(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        let is_shared = |code: &str| SHARED.contains(&code);
        let expected = CODES
            .iter()
            .map(|(code, _)| ((*code).to_owned(), 1 + usize::from(is_shared(code))));
        assert_eq!(found, expected.collect());
    }

    #[test]
    fn codes_rise_and_no_two_mean_the_same() {
        assert!(CODES.is_sorted_by(|(one, _), (other, _)| one < other));
        let meanings: BTreeSet<_> = CODES.iter().map(|(_, meaning)| meaning).collect();
        assert_eq!(meanings.len(), CODES.len());
    }
}
