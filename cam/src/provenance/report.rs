//! From the origin of a new state to what is said of each leaf.

use crate::provenance::flow::Flow;
use crate::provenance::forms::{spine_reach, tag_reach};
use crate::provenance::origin::{Origin, Spine, Tag, What};
use crate::provenance::place::{Kind, PlaceId, Places, STATE, Step};
use crate::provenance::sources::{Reach, Sources};
use crate::provenance::{Fate, Leaves, NewLeaf, OldLeaf, Provenance, TooMuch};

/// How many sources of one leaf are named. Of more, it is said to be made of the whole state: thousands of leaves
/// made of thousands would be more text than an answer may have.
const SOURCES_MAX: usize = 8;

/// What is found at a place of the new state itself.
#[derive(Clone, PartialEq)]
enum Found {
    /// There is nothing to know: a record, or a choice of one.
    Silent,
    /// It is never there.
    Absent,
    Copy(PlaceId),
    Made(Reach),
}

/// What the new state has above a leaf.
#[derive(Clone)]
enum Above {
    Items(Spine),
    Choice(Tag, usize),
}

/// What is said of one migration.
pub(super) fn leaves(flow: &mut Flow<'_>, new: &Places, state: &Origin) -> Result<Leaves, TooMuch> {
    let mut reader = Reader {
        flow,
        new,
        found: vec![Found::Silent; new.len()],
        above: Vec::new(),
    };
    reader.read(STATE, state)?;
    let Reader { flow, found, .. } = reader;
    let old = flow.places;
    let mut said = Vec::new();
    say(old, new, &found, STATE, &mut said);
    Ok(Leaves {
        old: fates(old, &found),
        new: said,
    })
}

struct Reader<'r, 'a> {
    flow: &'r mut Flow<'a>,
    new: &'r Places,
    found: Vec<Found>,
    above: Vec<Above>,
}

impl Reader<'_, '_> {
    /// Recursion is bounded by the height of the state's type.
    fn read(&mut self, id: PlaceId, origin: &Origin) -> Result<(), TooMuch> {
        self.flow.spend(1)?;
        let new = self.new;
        if origin.is_nothing() && new.is_leaf(id) {
            self.found[id] = Found::Absent;
        }
        match &new.get(id).kind {
            Kind::Scalar => {
                if !origin.is_nothing() {
                    self.found[id] = self.scalar(origin);
                }
            }
            Kind::Product(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let origin = self.flow.part(origin, index)?;
                    self.read(*part, &origin)?;
                }
            }
            Kind::Sum(payloads, names) => {
                let tag = self.flow.tag(origin)?;
                if new.is_leaf(id) && !origin.is_nothing() {
                    self.found[id] = self.choice(&tag, names);
                }
                for (constructor, payload) in payloads.iter().enumerate() {
                    let origin = self.flow.payload(origin, constructor)?;
                    self.under(Above::Choice(tag.clone(), constructor), *payload, &origin)?;
                }
            }
            Kind::List(item) => {
                let spine = self.container(id, origin)?;
                let origin = self.flow.item(origin)?;
                self.under(Above::Items(spine), *item, &origin)?;
            }
            Kind::Map(key, value) => {
                let spine = self.container(id, origin)?;
                let (keys, values) = (self.flow.key(origin)?, self.flow.item(origin)?);
                self.under(Above::Items(spine.clone()), *key, &keys)?;
                self.under(Above::Items(spine), *value, &values)?;
            }
        }
        Ok(())
    }

    fn under(&mut self, above: Above, id: PlaceId, origin: &Origin) -> Result<(), TooMuch> {
        self.above.push(above);
        let read = self.read(id, origin);
        self.above.pop();
        read
    }

    fn scalar(&self, origin: &Origin) -> Found {
        match &origin.what {
            What::Place(place) if self.is_in_place(*place) => Found::Copy(*place),
            _ => Found::Made(origin.reach.clone()),
        }
    }

    /// Which constructor: kept if each of the old ones leads to the one of its name.
    fn choice(&self, tag: &Tag, names: &[crate::schema::Name]) -> Found {
        if let Tag::Of(place, to) = tag
            && let Kind::Sum(_, own) = &self.flow.places.get(*place).kind
            && self.is_in_place(*place)
        {
            let mut pairs = own.iter().zip(to.iter());
            if pairs.all(|(own, to)| to.is_none_or(|to| names.get(to) == Some(own))) {
                return Found::Copy(*place);
            }
        }
        Found::Made(tag_reach(tag))
    }

    fn container(&mut self, id: PlaceId, origin: &Origin) -> Result<Spine, TooMuch> {
        let spine = self.flow.spine(origin)?;
        if !origin.is_nothing() {
            self.found[id] = match &spine {
                Spine::Of(place) if self.is_in_place(*place) => Found::Copy(*place),
                spine => Found::Made(spine_reach(spine)),
            };
        }
        Ok(spine)
    }

    /// Whether what the new state has above a copy is what the old one has above the place: the same items in
    /// the same order, the same constructors. A constructor that is always made stands in nobody's way.
    fn is_in_place(&self, place: PlaceId) -> bool {
        let places = self.flow.places;
        let mut old = Vec::new();
        let mut at = place;
        while let Some(above) = places.get(at).above {
            match places.get(at).step {
                Step::Item | Step::Key => old.push((above, None)),
                Step::Constructor(own, _) if places.is_leaf(above) => old.push((above, Some(own))),
                _ => {}
            }
            at = above;
        }
        old.reverse();
        let counts = |above: &&Above| match above {
            Above::Choice(Tag::Known(known), own) => known != own,
            _ => true,
        };
        let new: Vec<&Above> = self.above.iter().filter(counts).collect();
        new.len() == old.len()
            && new
                .iter()
                .zip(old)
                .all(|(new, (place, own))| match (new, own) {
                    (Above::Items(Spine::Of(from)), None) => *from == place,
                    (Above::Choice(Tag::Of(from, to), constructor), Some(own)) => {
                        *from == place && to.get(own) == Some(&Some(*constructor))
                    }
                    _ => false,
                })
    }
}

/// What becomes of the old leaves, in as few lines as there are parts that fare alike.
fn fates(old: &Places, found: &[Found]) -> Vec<OldLeaf> {
    let (mut kept, mut reach) = (Sources::default(), Reach::default());
    for own in found {
        match own {
            Found::Copy(place) => kept = kept.and(&Sources::one(*place)),
            Found::Made(own) => reach = reach.and(own),
            Found::Silent | Found::Absent => {}
        }
    }
    let fate = |leaf: PlaceId| match leaf {
        _ if kept.contains(leaf) => Fate::Kept,
        _ if reach.data.contains(leaf) => Fate::Transformed,
        _ if reach.steer.contains(leaf) => Fate::Steers,
        _ => Fate::Dropped,
    };
    let mut by_fate = [
        (Fate::Kept, Sources::default()),
        (Fate::Transformed, Sources::default()),
        (Fate::Steers, Sources::default()),
        (Fate::Dropped, Sources::default()),
    ];
    let leaves = (0..old.len()).filter(|id| old.is_leaf(*id));
    for leaf in leaves {
        let own = fate(leaf);
        for (fate, sources) in &mut by_fate {
            if *fate == own {
                *sources = sources.and(&Sources::one(leaf));
            }
        }
    }
    let mut lines = Vec::new();
    for (fate, sources) in &by_fate {
        let mut places = Vec::new();
        old.cover(STATE, sources, &mut places);
        lines.extend(places.into_iter().map(|place| (place, *fate)));
    }
    lines.sort();
    let line = |(place, fate)| OldLeaf {
        path: old.path(place),
        fate,
    };
    lines.into_iter().map(line).collect()
}

/// Says where the leaves at and below a place come from, in one line if that is one place, or the same for all.
fn say(old: &Places, new: &Places, found: &[Found], id: PlaceId, said: &mut Vec<NewLeaf>) {
    if new.get(id).leaves.is_empty() {
        return;
    }
    let alike = source(new, old, found, id).map(Provenance::Kept);
    let alike = alike.or_else(|| same(new, found, old, id));
    if let Some(from) = alike {
        let path = new.path(id);
        return said.push(NewLeaf { path, from });
    }
    if new.is_leaf(id) {
        let path = new.path(id);
        let from = provenance(old, &found[id]);
        said.push(NewLeaf { path, from });
    }
    for below in new.below(id) {
        say(old, new, found, below, said);
    }
}

/// The path of the old part that the new one is a copy of, leaf by leaf under the same names.
fn source(new: &Places, old: &Places, found: &[Found], id: PlaceId) -> Option<String> {
    let whole = copied(new, old, found, id, None)?;
    is_of_state(old, whole).then(|| old.path(whole))
}

/// The old place whose copy a new one is; it must be `wanted`, if that is known from above.
fn copied(
    new: &Places,
    old: &Places,
    found: &[Found],
    id: PlaceId,
    wanted: Option<PlaceId>,
) -> Option<PlaceId> {
    let below = new.below(id);
    let mut place = wanted;
    match found[id] {
        Found::Copy(own) if wanted.is_none_or(|wanted| wanted == own) => place = Some(own),
        Found::Silent => {}
        _ => return None,
    }
    if place.is_none() {
        // A record: it is the one that its first part with leaves says.
        let first = below
            .iter()
            .find(|part| !new.get(**part).leaves.is_empty())?;
        place = old.get(copied(new, old, found, *first, None)?).above;
    }
    let place = place?;
    if matches!(found[id], Found::Silent) && old.is_leaf(place) {
        return None; // a record of nothing is no copy of a number
    }
    let parts = old.below(place);
    let is_same = parts.len() == below.len()
        && below.iter().zip(&parts).all(|(own, part)| {
            let steps = (&new.get(*own).step, &old.get(*part).step);
            let is_silent = new.get(*own).leaves.is_empty() && old.get(*part).leaves.is_empty();
            steps.0 == steps.1
                && (is_silent || copied(new, old, found, *own, Some(*part)).is_some())
        });
    is_same.then_some(place)
}

/// What is true of all leaves at and below a place, if it is a default, the moment or nothing.
fn same(new: &Places, found: &[Found], old: &Places, id: PlaceId) -> Option<Provenance> {
    let leaves = &new.get(id).leaves;
    let mut said = None;
    for leaf in (id..new.len()).filter(|leaf| leaves.contains(*leaf)) {
        let own = match provenance(old, &found[leaf]) {
            own @ (Provenance::Default | Provenance::Moment | Provenance::Absent) => own,
            _ => return None,
        };
        said = Some(match (said, own) {
            (None | Some(Provenance::Absent), own) => own,
            (Some(said), own) if said == own || own == Provenance::Absent => said,
            _ => return None,
        });
    }
    said
}

fn provenance(old: &Places, found: &Found) -> Provenance {
    match found {
        Found::Silent | Found::Absent => Provenance::Absent,
        Found::Copy(place) if !is_of_state(old, *place) => Provenance::Moment,
        Found::Copy(place) => Provenance::Kept(old.path(*place)),
        Found::Made(reach) if reach.is_empty() => Provenance::Default,
        Found::Made(reach) => {
            let all = reach.data.and(&reach.steer);
            let mut places = Vec::new();
            old.cover(STATE, &all, &mut places);
            if places.is_empty() {
                return Provenance::Moment;
            }
            let of_moment = (0..old.len()).filter(|id| !is_of_state(old, *id));
            places.extend(of_moment.filter(|id| old.is_leaf(*id) && all.contains(*id)));
            if places.len() > SOURCES_MAX {
                places = vec![STATE];
            }
            Provenance::Made(places.into_iter().map(|place| old.path(place)).collect())
        }
    }
}

fn is_of_state(old: &Places, place: PlaceId) -> bool {
    let mut at = place;
    while let Some(above) = old.get(at).above {
        at = above;
    }
    at == STATE
}
