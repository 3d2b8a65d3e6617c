//! What a bundle's container lets through, and whose signatures count.

use cam::digest::Digest;
use cam::limits::PLACES_MAX;
use node::bundle::{Bundle, BundleId, MalformedBundle, Manifest, Parts, UnauthenticBundle};
use node::key::SecretKey;
use node::limits::{BUNDLE_BYTES_MAX, SIGNATURES_MAX};
use node::losses::Losses;
use node::trust::Trust;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

const AUTHOR: u8 = 1;
const SECOND: u8 = 2;
const NARROW: u8 = 3;
const OPERATOR: u8 = 4;
const STRANGER: u8 = 5;

/// Two authors of everything, one of machine `other` alone, and an operator.
fn trust(threshold: usize) -> Trust {
    let mut text = format!("author_threshold = {threshold}\n");
    for (name, number, role, machines) in [
        ("author", AUTHOR, "author", ""),
        ("second", SECOND, "author", ""),
        ("narrow", NARROW, "author", "machines = [\"other\"]"),
        ("operator", OPERATOR, "operator", ""),
    ] {
        let public = key(number).public();
        text += &format!(
            "[[key]]\nname = \"{name}\"\nkey = \"{public}\"\nroles = [\"{role}\"]\n{machines}\n"
        );
    }
    Trust::parse(&text).expect("a good trust file")
}

fn parts() -> Parts {
    Parts {
        old_program: Some(b"the old program".to_vec()),
        new_program: b"the new program".to_vec(),
        migration: Some(b"the migration".to_vec()),
    }
}

fn manifest() -> Manifest {
    let parts = parts();
    Manifest {
        machine: "counter".to_owned(),
        node: Some(key(9).public()),
        sequence: 7,
        previous: Some(BundleId([6; 32])),
        old_program: parts.old_program.as_deref().map(Digest::of_module),
        new_program: Digest::of_module(&parts.new_program),
        migration: parts.migration.as_deref().map(Digest::of_module),
        note: "why".to_owned(),
        losses: Some(Losses {
            drops: vec!["log[].at".to_owned(), "note".to_owned()],
            back: Some(Vec::new()),
        }),
    }
}

fn signed(signers: &[u8]) -> Bundle {
    let mut bundle = Bundle::new(&manifest(), parts()).expect("the manifest names the parts");
    signers.iter().for_each(|signer| bundle.sign(&key(*signer)));
    bundle
}

/// The container as the specification has it, to write what the library would not.
#[derive(Clone, Serialize, Deserialize)]
struct Envelope {
    magic: String,
    format: u16,
    manifest: ByteBuf,
    old_program: Option<ByteBuf>,
    new_program: ByteBuf,
    migration: Option<ByteBuf>,
    signatures: Vec<(ByteBuf, ByteBuf)>,
}

fn envelope(bundle: &Bundle) -> Envelope {
    rmp_serde::from_slice(&bundle.encode()).expect("the container is as specified")
}

fn written(envelope: &Envelope) -> Vec<u8> {
    rmp_serde::to_vec(envelope).expect("it encodes")
}

/// Whether a node that trusts `trust` would let these bytes through.
fn passes(bytes: &[u8], trust: &Trust) -> bool {
    Bundle::decode(bytes).is_ok_and(|bundle| bundle.authenticate(trust).is_ok())
}

#[test]
fn a_bundle_comes_back_as_it_was_sent() {
    for signers in [&[][..], &[AUTHOR], &[SECOND, AUTHOR, STRANGER]] {
        let bundle = signed(signers);
        let read = Bundle::decode(&bundle.encode()).expect("well-formed");
        assert_eq!(read, bundle);
        assert_eq!(read.id(), bundle.id());
        assert_eq!(read.claims(), Ok((manifest(), &parts())));
        assert_eq!(read.signers().count(), signers.len());
    }
    let authentic = signed(&[AUTHOR]).authenticate(&trust(1)).expect("signed");
    assert_eq!(authentic.manifest(), &manifest());
    assert_eq!(authentic.parts(), &parts());
    assert_eq!(authentic.signers(), ["author"]);
}

#[test]
fn no_bit_can_be_flipped_and_no_byte_added_or_cut() {
    let bytes = signed(&[AUTHOR, SECOND]).encode();
    let trust = trust(2);
    assert!(passes(&bytes, &trust));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&flipped, &trust), "bit {bit}");
    }
    for length in 0..bytes.len() {
        let cut = Bundle::decode(&bytes[..length]);
        let place = match cut {
            Err(MalformedBundle::Container { byte }) => byte,
            other => panic!("{length} bytes: {other:?}"),
        };
        assert_eq!(place, length);
    }
    for more in [0, 0x90, 0xC0] {
        let longer = [&bytes[..], &[more]].concat();
        let byte = bytes.len();
        assert_eq!(
            Bundle::decode(&longer),
            Err(MalformedBundle::Container { byte })
        );
    }
}

#[test]
fn another_spelling_of_the_same_container_is_no_bundle() {
    let bytes = signed(&[AUTHOR]).encode();
    let (header, rest) = bytes.split_first().expect("not empty");
    assert_eq!(*header, 0x97, "an array of seven");
    let array16 = [&[0xDC, 0, 7], rest].concat();
    let named = rmp_serde::to_vec_named(&envelope(&signed(&[AUTHOR]))).expect("it encodes");
    for spelling in [array16, named] {
        let decoded = Bundle::decode(&spelling);
        assert!(
            matches!(decoded, Err(MalformedBundle::Container { .. })),
            "{decoded:?}"
        );
    }
    let long = vec![0xC0; BUNDLE_BYTES_MAX + 1];
    assert_eq!(Bundle::decode(&long), Err(MalformedBundle::TooLong));
    for (format, expected) in [
        (0, MalformedBundle::NeedsFormat { need: 0 }),
        (3, MalformedBundle::NeedsFormat { need: 3 }),
    ] {
        let other = Envelope {
            format,
            ..envelope(&signed(&[AUTHOR]))
        };
        assert_eq!(Bundle::decode(&written(&other)), Err(expected));
    }
}

#[test]
fn only_trusted_authors_of_the_machine_count_and_each_once() {
    let rows: [(&[u8], usize, &[&str]); 9] = [
        (&[], 1, &[]),
        (&[AUTHOR], 1, &["author"]),
        (&[AUTHOR], 2, &["author"]),
        (&[AUTHOR, AUTHOR], 2, &["author"]),
        (&[AUTHOR, STRANGER], 2, &["author"]),
        (&[AUTHOR, NARROW], 2, &["author"]),
        (&[AUTHOR, OPERATOR], 2, &["author"]),
        (&[NARROW], 1, &[]),
        (&[AUTHOR, SECOND, STRANGER], 2, &["author", "second"]),
    ];
    for (signers, threshold, counted) in rows {
        let row = format!("{signers:?} of {threshold}");
        match signed(signers).authenticate(&trust(threshold)) {
            Ok(authentic) => {
                let mut names = authentic.signers().to_vec();
                names.sort();
                assert_eq!(names, counted, "{row}");
                assert!(counted.len() >= threshold, "{row}");
            }
            Err(UnauthenticBundle::TooFew { found, needed, .. }) => {
                assert_eq!((found, needed), (counted.len(), threshold), "{row}");
                assert!(counted.len() < threshold, "{row}");
            }
            Err(other) => panic!("{row}: {other}"),
        }
    }
}

#[test]
fn too_few_signatures_are_told_in_words() {
    let rows: [(&[u8], usize, &str); 4] = [
        (
            &[],
            1,
            "no author that this node trusts has signed it; 1 must",
        ),
        (&[AUTHOR], 2, "signed by 1 trusted author, 2 must"),
        (
            &[NARROW],
            1,
            "no author that this node trusts for `counter` has signed it; 1 must",
        ),
        (
            &[AUTHOR, NARROW],
            2,
            "signed by 1 trusted author of `counter`, 2 must",
        ),
    ];
    for (signers, threshold, expected) in rows {
        let error = signed(signers).authenticate(&trust(threshold)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_narrow_author_counts_for_its_own_machine() {
    let other = Manifest {
        machine: "other".to_owned(),
        ..manifest()
    };
    let mut bundle = Bundle::new(&other, parts()).expect("the manifest names the parts");
    bundle.sign(&key(NARROW));
    let authentic = bundle.authenticate(&trust(1)).expect("its own machine");
    assert_eq!(authentic.signers(), ["narrow"]);
}

#[test]
fn one_key_cannot_be_written_twice_nor_out_of_order() {
    let whole = envelope(&signed(&[AUTHOR, SECOND]));
    let [first, second] = [&whole.signatures[0], &whole.signatures[1]].map(Clone::clone);
    let cut = |pair: &(ByteBuf, ByteBuf)| (ByteBuf::from(&pair.0[..31]), pair.1.clone());
    let rows = [
        (
            vec![first.clone(), first.clone()],
            MalformedBundle::SignatureOrder,
        ),
        (
            vec![second.clone(), first.clone()],
            MalformedBundle::SignatureOrder,
        ),
        (vec![cut(&first)], MalformedBundle::Signature { index: 0 }),
        (
            vec![first.clone(), (second.0.clone(), first.0.clone())],
            MalformedBundle::Signature { index: 1 },
        ),
        // The neutral point, under which a signature can be made for every message.
        (
            vec![(neutral_point(), first.1.clone())],
            MalformedBundle::Signature { index: 0 },
        ),
        // As many as a bundle has room for, of nothing.
        (
            vec![(ByteBuf::new(), ByteBuf::new()); 700_000],
            MalformedBundle::TooManySignatures,
        ),
        (
            vec![first.clone(); SIGNATURES_MAX + 1],
            MalformedBundle::TooManySignatures,
        ),
    ];
    for (signatures, expected) in rows {
        let forged = Envelope {
            signatures,
            ..whole.clone()
        };
        assert_eq!(Bundle::decode(&written(&forged)), Err(expected));
    }
    let many: Vec<u8> = (1..=u8::try_from(SIGNATURES_MAX).expect("small")).collect();
    assert!(passes(&signed(&many).encode(), &trust(2)));
}

fn neutral_point() -> ByteBuf {
    let mut bytes = vec![0; 32];
    bytes[0] = 1;
    ByteBuf::from(bytes)
}

#[test]
fn a_signature_over_another_manifest_refuses_a_known_author_and_is_no_matter_from_a_stranger() {
    let mut another = manifest();
    another.note = "why not".to_owned();
    let mut another = Bundle::new(&another, parts()).expect("the manifest names the parts");
    for (number, name) in [(SECOND, Some("second")), (STRANGER, None)] {
        another.sign(&key(number));
        let public = key(number).public();
        let taken = envelope(&another)
            .signatures
            .into_iter()
            .find(|(key, _)| key.as_slice() == public.as_bytes());
        let mut forged = envelope(&signed(&[AUTHOR]));
        forged.signatures.extend(taken);
        forged.signatures.sort();
        let bundle = Bundle::decode(&written(&forged)).expect("the container is well-formed");
        assert_eq!(bundle.forged().collect::<Vec<_>>(), [&public]);
        let refused = bundle.authenticate(&trust(1)).err();
        let author = name.map(str::to_owned);
        assert_eq!(
            refused,
            author.map(|author| UnauthenticBundle::Altered { author })
        );
    }
}

#[test]
fn parts_are_those_that_were_signed() {
    let whole = envelope(&signed(&[AUTHOR]));
    let strange = ByteBuf::from(b"another program".to_vec());
    let rows = [
        (
            "old program",
            Envelope {
                old_program: Some(strange.clone()),
                ..whole.clone()
            },
        ),
        (
            "old program",
            Envelope {
                old_program: None,
                ..whole.clone()
            },
        ),
        (
            "new program",
            Envelope {
                new_program: strange.clone(),
                ..whole.clone()
            },
        ),
        (
            "migration",
            Envelope {
                migration: Some(whole.new_program.clone()),
                ..whole.clone()
            },
        ),
        (
            "migration",
            Envelope {
                migration: None,
                ..whole.clone()
            },
        ),
    ];
    for (part, forged) in rows {
        let bundle = Bundle::decode(&written(&forged)).expect("the container is well-formed");
        let refused = bundle.authenticate(&trust(1)).err();
        let expected = UnauthenticBundle::Malformed(MalformedBundle::Part { part });
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn a_signed_manifest_that_makes_no_sense_is_malformed() {
    let losses = |paths: &[&str]| Losses {
        drops: paths.iter().map(|path| (*path).to_owned()).collect(),
        back: None,
    };
    let many: Vec<String> = (0..=PLACES_MAX).map(|at| format!("{at:09}")).collect();
    let rows = [
        Manifest {
            sequence: 0,
            ..manifest()
        },
        Manifest {
            sequence: 1,
            ..manifest()
        },
        Manifest {
            previous: None,
            ..manifest()
        },
        Manifest {
            machine: String::new(),
            ..manifest()
        },
        Manifest {
            machine: "m".repeat(65),
            ..manifest()
        },
        Manifest {
            note: "n".repeat(1025),
            ..manifest()
        },
        Manifest {
            losses: Some(losses(&["note", "log"])),
            ..manifest()
        },
        Manifest {
            losses: Some(losses(&["note", "note"])),
            ..manifest()
        },
        Manifest {
            losses: Some(losses(&many.iter().map(String::as_str).collect::<Vec<_>>())),
            ..manifest()
        },
    ];
    for manifest in rows {
        let mut bundle = Bundle::new(&manifest, parts()).expect("the parts are named");
        bundle.sign(&key(AUTHOR));
        let refused = bundle.authenticate(&trust(1)).err();
        let expected = UnauthenticBundle::Malformed(MalformedBundle::Manifest);
        assert_eq!(refused, Some(expected), "{manifest:?}");
    }
}

#[test]
fn a_bundle_of_format_1_says_nothing_of_losses_and_is_read_still() {
    let silent = Manifest {
        losses: None,
        ..manifest()
    };
    let mut old = Bundle::new(&silent, parts()).expect("the manifest names the parts");
    old.sign(&key(AUTHOR));
    assert_eq!(envelope(&old).format, 1);
    let read = Bundle::decode(&old.encode()).expect("well-formed");
    assert_eq!(read.claims(), Ok((silent, &parts())));
    assert!(passes(&old.encode(), &trust(1)));
    // The manifest of one format is none of the other, whatever the container says.
    for (bundle, format) in [(&old, 2), (&signed(&[AUTHOR]), 1), (&old, 3), (&old, 0)] {
        let forged = Envelope {
            format,
            ..envelope(bundle)
        };
        assert!(!passes(&written(&forged), &trust(1)), "format {format}");
    }
}
