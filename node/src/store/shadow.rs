//! Shadows as the store keeps them: the bundle, and that it is to run beside its machine. What it did is not kept.

use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{Commit, Store, StoreError};
use crate::seal::{seal, unseal};
use crate::shadow::Offered;

pub(super) const SHADOWS: TableDefinition<&str, &[u8]> = TableDefinition::new("shadows");

/// A shadow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShadowRecord {
    /// What runs.
    pub offered: Offered,
    /// The bundle's bytes.
    #[serde(with = "serde_bytes")]
    pub bundle: Vec<u8>,
    /// How often the node was started since, and did not end well.
    pub starts: u32,
}

impl Store {
    /// The shadows, with the names of their machines.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shadows(&self) -> Result<Vec<(String, ShadowRecord)>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SHADOWS)?;
        let mut shadows = Vec::new();
        for row in table.iter()? {
            let (name, bytes) = row?;
            let record = unseal("shadows", name.value().as_bytes(), bytes.value())?;
            shadows.push((name.value().to_owned(), record));
        }
        Ok(shadows)
    }
}

impl Commit {
    /// Writes that a machine has a shadow, or that it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shadow(&self, machine: &str, shadow: Option<&ShadowRecord>) -> Result<(), StoreError> {
        let mut shadows = self.write().open_table(SHADOWS)?;
        match shadow {
            Some(shadow) => {
                let sealed = seal("shadows", machine.as_bytes(), shadow);
                shadows.insert(machine, sealed.as_slice())?;
            }
            None => {
                shadows.remove(machine)?;
            }
        }
        Ok(())
    }

    /// Counts one start of the node less against a shadow: it has ended well.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shadow_ended_well(&self, machine: &str) -> Result<(), StoreError> {
        let kept = {
            let shadows = self.write().open_table(SHADOWS)?;
            let bytes = shadows.get(machine)?;
            bytes
                .map(|bytes| unseal::<ShadowRecord>("shadows", machine.as_bytes(), bytes.value()))
                .transpose()?
        };
        let Some(mut kept) = kept else {
            return Ok(());
        };
        kept.starts = kept.starts.saturating_sub(1);
        self.shadow(machine, Some(&kept))
    }
}
