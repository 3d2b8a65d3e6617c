//! Puts a changed module in order: what nothing uses is left out, and the tables are in their one order.
//!
//! Without this most changes would be refused for a reason that has nothing to do with them.

use cam::types::PREDECLARED;
use cam::value::Value;

use super::anatomy::opcode::QUOTE;
use super::anatomy::{Anatomy, Body, Code, Form};

/// New names for the entries of a table; nothing for what is left out.
type Names = Vec<Option<usize>>;

impl Anatomy {
    /// The same module without unused parts and in canonical order. A reference to what is not there
    /// stays what it was.
    #[must_use]
    pub fn tidied(&self) -> Anatomy {
        let functions = self.function_names();
        let kept: Vec<&Body> = kept(&self.functions, &functions).collect();
        let used = self.constants_used(&kept);
        let types = self.type_names(&kept, &used);
        let mut forms: Vec<(usize, Form)> = named(&types)
            .map(|(old, new)| (new, renamed_form(&self.types[old], &types)))
            .collect();
        forms.sort_by_key(|(new, _)| *new);
        forms.dedup_by_key(|(new, _)| *new);
        let (pool, constants) = self.constants(&used, &types);
        let body = |body: &Body| Body {
            domain: name(&types, body.domain),
            codomain: name(&types, body.codomain),
            code: (body.code.iter())
                .map(|code| renamed(*code, &types, &constants, &functions))
                .collect(),
        };
        let exports = self.exports.iter();
        Anatomy {
            types: forms.into_iter().map(|(_, form)| form).collect(),
            pool,
            schema: self.schema.clone(),
            functions: kept.into_iter().map(body).collect(),
            exports: exports
                .map(|(role, function)| (*role, name(&functions, *function)))
                .collect(),
        }
    }

    /// A function is used if it is exported or a used one names it; callees come before their callers.
    fn function_names(&self) -> Names {
        let mut used = vec![false; self.functions.len()];
        for (_, function) in &self.exports {
            mark(&mut used, *function);
        }
        for index in (0..used.len()).rev() {
            if used[index] {
                for code in &self.functions[index].code {
                    if let Some(operand) = code.operand_of("FunctionId") {
                        mark(&mut used, code.index(operand));
                    }
                }
            }
        }
        numbered(&used)
    }

    fn constants_used(&self, functions: &[&Body]) -> Vec<bool> {
        let mut used = vec![false; self.pool.len()];
        for code in functions.iter().flat_map(|body| &body.code) {
            if code.opcode() == QUOTE {
                mark(&mut used, code.index(0));
            }
        }
        used
    }

    /// The used constants in order, each once, and the names of all in that order.
    fn constants(&self, used: &[bool], types: &Names) -> (Vec<(usize, Value)>, Names) {
        let constants = self.pool.iter().zip(used);
        let constants: Vec<Option<(usize, Value)>> = constants
            .map(|((id, value), used)| used.then(|| (name(types, *id), value.clone())))
            .collect();
        let mut pool: Vec<_> = constants.iter().flatten().cloned().collect();
        pool.sort();
        pool.dedup();
        let names = constants.into_iter();
        let names = names.map(|constant| pool.binary_search(&constant?).ok());
        let names = names.collect();
        (pool, names)
    }

    /// Types in canonical order: by height, then constructor, then operands under their new names.
    fn type_names(&self, functions: &[&Body], constants: &[bool]) -> Names {
        let mut used = vec![false; self.types.len()];
        used[..PREDECLARED as usize].fill(true);
        let quoted = self.pool.iter().zip(constants).filter(|(_, used)| **used);
        quoted.for_each(|((id, _), _)| mark(&mut used, *id));
        for body in functions {
            mark(&mut used, body.domain);
            mark(&mut used, body.codomain);
            for code in &body.code {
                if let Some(operand) = code.operand_of("TypeId") {
                    mark(&mut used, code.index(operand));
                }
            }
        }
        // Operands may stand after what uses them, for new entries are at the end: look until all are found.
        let mut heights: Names = vec![None; self.types.len()];
        for id in 0..self.types.len() {
            if used[id] {
                self.reach(id, &mut used, &mut heights);
            }
        }
        let tallest = heights.iter().flatten().max().copied().unwrap_or(0);
        let mut names: Names = vec![None; self.types.len()];
        (0..PREDECLARED as usize).for_each(|id| names[id] = Some(id));
        let mut next = PREDECLARED as usize;
        for height in 0..=tallest {
            let level = (PREDECLARED as usize..self.types.len())
                .filter(|id| used[*id] && heights[*id] == Some(height));
            let mut level: Vec<(Form, usize)> = level
                .map(|id| (renamed_form(&self.types[id], &names), id))
                .collect();
            level.sort_by(|left, right| {
                (left.0.constructor, &left.0.operands)
                    .cmp(&(right.0.constructor, &right.0.operands))
            });
            for at in 0..level.len() {
                if at > 0 && level[at].0 == level[at - 1].0 {
                    names[level[at].1] = names[level[at - 1].1]; // two edits made one type
                } else {
                    names[level[at].1] = Some(next);
                    next += 1;
                }
            }
        }
        names
    }

    /// The height of a type; everything below it is used. The table may have been made circular.
    fn reach(&self, id: usize, used: &mut [bool], heights: &mut Names) -> usize {
        if let Some(height) = heights[id] {
            return height;
        }
        heights[id] = Some(0);
        let mut height = 0;
        for part in &self.types[id].operands {
            if *part < used.len() {
                used[*part] = true;
                height = height.max(self.reach(*part, used, heights) + 1);
            }
        }
        heights[id] = Some(height);
        height
    }
}

fn mark(used: &mut [bool], index: usize) {
    if let Some(mark) = used.get_mut(index) {
        *mark = true;
    }
}

fn numbered(used: &[bool]) -> Names {
    let mut next = 0;
    let names = used.iter().map(|used| {
        used.then(|| {
            next += 1;
            next - 1
        })
    });
    names.collect()
}

fn named(names: &Names) -> impl Iterator<Item = (usize, usize)> {
    let all = names.iter().enumerate();
    all.filter_map(|(old, new)| new.map(|new| (old, new)))
}

fn kept<'a, T>(things: &'a [T], names: &Names) -> impl Iterator<Item = &'a T> {
    let pairs = things.iter().zip(names);
    pairs.filter_map(|(thing, name)| name.map(|_| thing))
}

fn name(names: &Names, old: usize) -> usize {
    names.get(old).copied().flatten().unwrap_or(old)
}

fn renamed_form(form: &Form, types: &Names) -> Form {
    Form {
        constructor: form.constructor,
        operands: form
            .operands
            .iter()
            .map(|part| name(types, *part))
            .collect(),
    }
}

fn renamed(mut code: Code, types: &Names, constants: &Names, functions: &Names) -> Code {
    let kinds = code.row().kinds.iter();
    for (operand, kind) in code.operands.iter_mut().zip(kinds) {
        let names = match *kind {
            "TypeId" => types,
            "FunctionId" => functions,
            _ => continue,
        };
        *operand = renumbered(names, *operand);
    }
    if code.opcode() == QUOTE {
        code.operands[0] = renumbered(constants, code.operands[0]);
    }
    code
}

fn renumbered(names: &Names, old: i64) -> i64 {
    let index = usize::try_from(old).unwrap_or(usize::MAX);
    i64::try_from(name(names, index)).unwrap_or(old)
}
