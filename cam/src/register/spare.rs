//! Spare register files: what one run has left serves the next.
//!
//! A file is half a mebibyte, and to zero it costs more than most runs of an adapter or a query. It need not
//! be zeroed again: the constants in it are never overwritten, and a graph in single assignment form reads no
//! register that the same run has not written.

use std::fmt;
use std::sync::Mutex;

use crate::limits::SPARE_FILES_MAX;
use crate::register::execute::Registers;

/// The files that are not in use.
#[derive(Default)]
pub(super) struct Spare {
    files: Mutex<Vec<Box<Registers>>>,
}

impl Spare {
    /// A file that an earlier run has left.
    pub(super) fn take(&self) -> Option<Box<Registers>> {
        self.files.lock().ok()?.pop()
    }

    /// Leaves a file for a later run.
    pub(super) fn leave(&self, file: Box<Registers>) {
        if let Ok(mut files) = self.files.lock()
            && files.len() < SPARE_FILES_MAX
        {
            files.push(file);
        }
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spare")
    }
}
