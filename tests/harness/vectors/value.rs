//! Values by type: canonical bytes with their weight, bytes that are refused, and the order of values.

use cam::decode;
use cam::encode;
use cam::limits::INPUT_WEIGHT_MAX;
use cam::types::{TypeId, TypeTable};
use cam::value::Value;

use super::{encoded, hex, line, malformed_words};
use crate::assembly::Module;
use crate::bytes::from_hex;
use crate::notation;

/// Values of one type, in rising order, and bytes that are none of them.
struct Row {
    /// Its number in the table below.
    id: u32,
    values: &'static [&'static str],
    refused: &'static [&'static str],
}

/// Entries from 6 on.
const TYPES: &[&str] = &[
    "prod Int Text", // 6
    "sum Unit Int",  // 7
    "list Unit",     // 8
    "list Int",      // 9
    "map Int Text",  // 10
    "fn Int Text",   // 11
    "prod 11 Int",   // 12
    "sum Int 10 9",  // 13
    "list 7",        // 14
    "map Text Bool", // 15
    "map 6 9",       // 16
];

const ROWS: &[Row] = &[
    Row {
        id: 0,
        values: &["()"],
        refused: &["00"],
    },
    Row {
        id: 1,
        values: &["false", "true"],
        refused: &["", "02", "0000", "8000"],
    },
    Row {
        id: 2,
        values: &["less", "equal", "greater"],
        refused: &["03"],
    },
    Row {
        id: 3,
        values: &[
            "-9223372036854775808",
            "-9223372036854775807",
            "-8193",
            "-8192",
            "-65",
            "-64",
            "-1",
            "0",
            "1",
            "63",
            "64",
            "8191",
            "8192",
            "9223372036854775806",
            "9223372036854775807",
        ],
        refused: &[
            "",
            "80",
            "8000",
            "8500",
            "ff00",
            "ffffffffffffffffff02",
            "ffffffffffffffffff81",
            "ffffffffffffffffff8100",
            "80808080808080808000",
            "808080808080808080808000",
            "0000",
        ],
    },
    Row {
        id: 4,
        values: &[
            "\"\"", "\"A\"", "\"AB\"", "\"a\"", "\"é\"", "\"語\"", "\"𝄞\"",
        ],
        refused: &[
            "",
            "01",
            "0261",
            "8000",
            "01ff",
            "0180",
            "02c080",
            "03eda080",
            "04f4908080",
            "02c3",
            "016100",
            "808080088080",
            "ffffffffffffffffff01",
        ],
    },
    Row {
        id: 5,
        values: &["x\"\"", "x\"00\"", "x\"0000\"", "x\"7f\"", "x\"80ff\""],
        refused: &["", "02ff", "8100ff", "ffffffffffffffffff01"],
    },
    Row {
        id: 6,
        values: &["(-1, \"z\")", "(0, \"\")", "(0, \"a\")", "(1, \"\")"],
        refused: &["", "02", "020161ff"],
    },
    Row {
        id: 7,
        values: &["none", "some -1", "some 0", "some 300"],
        refused: &["", "01", "02", "0000", "018000", "8001"],
    },
    Row {
        id: 8,
        values: &["[]", "[()]", "[(), ()]"],
        refused: &["", "8000", "ffffffff0f", "ffffffffffffffffff01"],
    },
    Row {
        id: 9,
        values: &["[]", "[-5]", "[-5, 2]", "[1]", "[1, 2, 3]"],
        refused: &["01", "0102ff", "0180", "0480008100", "ffffffff0f"],
    },
    Row {
        id: 10,
        values: &[
            "{}",
            "{-1 => \"x\"}",
            "{-1 => \"x\", 0 => \"\"}",
            "{1 => \"\"}",
            "{1 => \"a\"}",
            "{1 => \"a\", 2 => \"\"}",
        ],
        refused: &["0200000000", "0202000000", "01", "0100", "020000010002c3"],
    },
    Row {
        id: 15,
        values: &["{}", "{\"\" => true}", "{\"a\" => false, \"b\" => true}"],
        refused: &["020162000161 00", "0201610101 6101", "01016102"],
    },
    Row {
        id: 13,
        values: &["0:-3", "0:3", "1:{}", "1:{2 => \"b\"}", "2:[]", "2:[4]"],
        refused: &["03", "ff00"],
    },
    Row {
        id: 14,
        values: &["[]", "[none]", "[none, some 1]", "[some 1]"],
        refused: &["0102", "03000000ff"],
    },
    Row {
        id: 16,
        values: &[
            "{}",
            "{(0, \"a\") => []}",
            "{(0, \"a\") => [], (0, \"b\") => []}",
            "{(0, \"a\") => [1]}",
        ],
        refused: &["02000162000001 6100"],
    },
];

/// The file of values.
///
/// # Errors
/// A row that is not true.
pub(super) fn vectors() -> Result<String, String> {
    let mut module = Module::default();
    for (form, number) in TYPES.iter().zip(6..) {
        module.line(&format!("type T{number} = {form}"))?;
    }
    let bytes = module.assembled()?;
    let bytecode = decode::module(&bytes).map_err(|malformed| malformed.to_string())?;
    let types = &bytecode.types;
    let mut out =
        String::from("# Values by type: canonical bytes, other bytes, and their order.\n\n");
    // Magic, format and cost model stand before the table; constants, schema, functions, exports after it.
    let table = &bytes[6..bytes.len() - 4];
    line(&mut out, format_args!("types {}", hex(table)));
    for index in 0..types.len() {
        let id = type_at(types, u32::try_from(index).map_err(|e| e.to_string())?)?;
        let (height, width) = (types.height(id), types.width(id));
        let kind = match (types.is_key(id), types.is_data(id)) {
            (true, _) => "key",
            (false, true) => "data",
            (false, false) => "function",
        };
        line(
            &mut out,
            format_args!("type {index} {height} {width} {kind}"),
        );
    }
    for row in ROWS {
        line(&mut out, format_args!(""));
        write_row(&mut out, types, row)?;
    }
    Ok(out)
}

fn type_at(types: &TypeTable, index: u32) -> Result<TypeId, String> {
    types.at(index).ok_or_else(|| format!("no type {index}"))
}

fn write_row(out: &mut String, types: &TypeTable, row: &Row) -> Result<(), String> {
    let id = type_at(types, row.id)?;
    let read = |bytes: &[u8]| decode::value(types, id, bytes, INPUT_WEIGHT_MAX);
    let values: Result<Vec<Value>, String> = row
        .values
        .iter()
        .map(|text| notation::value(text))
        .collect();
    let values = values?;
    for value in &values {
        if read(&encode::value(value)).as_ref() != Ok(value) {
            return Err(format!("{value:?} does not read back"));
        }
        let (bytes, weight) = (encoded(value), value.weight());
        line(out, format_args!("value {} {bytes} {weight}", row.id));
    }
    for pair in values.windows(2) {
        if pair[0] >= pair[1] {
            return Err(format!("{:?} is not before {:?}", pair[0], pair[1]));
        }
        let (left, right) = (encoded(&pair[0]), encoded(&pair[1]));
        line(out, format_args!("before {} {left} {right}", row.id));
    }
    for bytes in row.refused {
        let bytes = from_hex(bytes)?;
        let Err(malformed) = read(&bytes) else {
            return Err(format!("{bytes:?} is a value"));
        };
        let words = malformed_words(&malformed);
        line(
            out,
            format_args!("no-value {} {} {words}", row.id, hex(&bytes)),
        );
    }
    Ok(())
}
