//! The table of refusals in chapter 8 is the table of the code.

use node::protocol::RefusalCode;

const CHAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/8-protocol.md");
const OPEN: &str = "<!-- refusals -->\n";
const CLOSE: &str = "<!-- /refusals -->";

#[test]
fn the_chapter_lists_every_refusal() {
    let chapter = std::fs::read_to_string(CHAPTER).expect("the chapter");
    let start = chapter.find(OPEN).expect("the opening mark") + OPEN.len();
    let end = chapter.find(CLOSE).expect("the closing mark");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{}{table}{}", &chapter[..start], &chapter[end..]);
        std::fs::write(CHAPTER, blessed).expect("the chapter can be written");
    } else {
        assert_eq!(&chapter[start..end], table, "BLESS=1 writes the table anew");
    }
}

fn table() -> String {
    let mut table = "| number | name | meaning |\n| --- | --- | --- |\n".to_owned();
    for code in RefusalCode::ALL {
        let (name, meaning) = (
            code.name().expect("in the table"),
            code.meaning().expect("in it"),
        );
        table += &format!("| {} | {name} | {meaning} |\n", code.0);
    }
    table
}
