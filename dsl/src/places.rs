//! Places of a source as debug data has them: lines and columns.

use std::collections::BTreeMap;

use cam::debug::{Debug, Position, Trail};
use cam::digest::Digest;

use crate::source::Source;

/// The debug data of one program from one source. Linear in both, up to a logarithm.
pub(crate) fn debug(program: Digest, source: &Source, file: &str, trails: &[Trail]) -> Debug {
    let runs = trails.iter().flat_map(|trail| &trail.runs);
    let mut starts: BTreeMap<u32, Option<Position>> = runs
        .filter_map(|(_, span)| Some((span.as_ref()?.start, None)))
        .collect();
    let (mut line, mut column) = (1, 1);
    let mut wanted = starts.iter_mut().peekable();
    let letters = source.text().char_indices();
    for (byte, letter) in letters.chain([(source.text().len(), '\n')]) {
        let here = Position {
            file: 0,
            line,
            column,
        };
        while let Some((_, position)) = wanted.next_if(|(start, _)| **start as usize <= byte) {
            *position = Some(here);
        }
        (line, column) = match letter {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        };
    }
    let functions = trails.iter().map(|trail| {
        let runs = trail.runs.iter();
        let runs = runs.map(|(count, span)| {
            let position = span.and_then(|span| *starts.get(&span.start)?);
            (*count, position)
        });
        (trail.name.clone(), runs.collect())
    });
    Debug::new(program, &[file], functions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::history::History;

    const TEXT: &str = "// é
machine Counter version 1 {
  input  Incr | Read
  output Ok | Sum(Int)
  state  { count: Int }
  init   { count: 0 }
  on Incr => { set count = count + 1  Ok }
  on Read => Sum(count)
}
";

    #[test]
    fn an_addition_is_where_the_author_wrote_it() {
        let source = Source::new("counter.cam", TEXT).unwrap();
        let compiled = compile(&source, &History::default()).unwrap();
        let module = compiled.program().code().bytecode();
        let debug = compiled.debug(&source, "src/counter.cam");
        assert_eq!(debug.fits(compiled.program().digest(), module), Ok(()));
        let step = module.functions.len() - 1;
        assert_eq!(debug.function(step), Some("step"));
        let mut code = module.functions[step].code.iter();
        let add = code.position(|one| one.row().mnemonic == "add").unwrap();
        let (file, position) = debug.position(step, add).unwrap();
        assert_eq!(
            (file, position.line, position.column),
            ("src/counter.cam", 7, 28)
        );
        let read = Debug::decode(&debug.encode());
        assert_eq!(read.as_ref(), Ok(&debug));
    }

    #[test]
    fn debug_data_of_another_program_is_stale() {
        let of = |text: &str| {
            let source = Source::new("counter.cam", text).unwrap();
            let compiled = compile(&source, &History::default()).unwrap();
            (compiled.debug(&source, "counter.cam"), compiled)
        };
        let (_, one) = of(TEXT);
        let (moved, same) = of(&format!("\n{TEXT}"));
        let (other, _) = of(&TEXT.replace("+ 1", "+ 2"));
        let (digest, module) = (one.program().digest(), one.program().code().bytecode());
        assert_eq!(
            same.program().digest(),
            digest,
            "places are no part of a program"
        );
        assert_eq!(moved.fits(digest, module), Ok(()));
        assert!(other.fits(digest, module).is_err());
    }
}
