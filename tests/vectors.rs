//! What other languages are held to: a script in one of them writes the bytes that chapter 10 shows.

use std::process::Command;

use harness::bytes::from_hex;
use harness::script::fences;
use harness::tree::{read, root};

#[test]
fn the_script_in_another_language_writes_the_bytes_of_the_chapter() {
    let chapter = "spec/10-front-ends.md";
    let blocks = fences(chapter, &read(chapter));
    let block = blocks.iter().find(|block| block.language == "bytes");
    let expected = from_hex(&block.expect("the chapter has the bytes").text).expect("hexadecimal");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("counter.camb");
    // Without Python this fails: what nobody ran, nobody knows.
    let script = Command::new("python3")
        .arg("-B")
        .arg(root().join("examples/another-language/counter.py"))
        .arg(&path)
        .output()
        .expect("python3 is part of what the tests need");
    assert!(script.status.success(), "{script:?}");
    assert_eq!(std::fs::read(&path).expect("written"), expected);
}
