//! Where the arms of a case, or the rounds of a loop, come together.
//!
//! What is the same copy in all of them was not decided by the case. Everything else was.

use std::rc::Rc;

use crate::provenance::TooMuch;
use crate::provenance::flow::Flow;
use crate::provenance::forms::{spine_reach, tag_reach};
use crate::provenance::origin::{Form, Origin, Spine, Tag, What};
use crate::provenance::place::PlaceId;
use crate::provenance::sources::Reach;

/// What decides which of the origins is taken.
pub(super) struct Subject {
    /// The constructor at a place, and the arm that each leads to.
    pub(super) choice: Option<(PlaceId, Rc<[Option<usize>]>)>,
    /// What reaches the decision.
    pub(super) steer: Reach,
}

impl Subject {
    /// What decides at a case.
    pub(super) fn of(tag: &Tag) -> Subject {
        Subject {
            choice: match tag {
                Tag::Of(place, arms) => Some((*place, Rc::clone(arms))),
                _ => None,
            },
            steer: tag_reach(tag).steering(),
        }
    }

    /// What decides at a loop.
    pub(super) fn rounds(steer: Reach) -> Subject {
        let choice = None;
        Subject { choice, steer }
    }
}

/// An origin, by the arm that it comes from.
pub(super) type Arm = (usize, Origin);

impl Flow<'_> {
    /// One of `arms`, as `subject` decides. Recursion is bounded by the height of types.
    pub(super) fn join(&mut self, arms: &[Arm], subject: &Subject) -> Result<Origin, TooMuch> {
        let arms: Vec<Arm> = arms
            .iter()
            .filter(|arm| !arm.1.is_nothing())
            .cloned()
            .collect();
        self.spend(1 + arms.len())?;
        let Some(((_, first), others)) = arms.split_first() else {
            return self.nothing();
        };
        if others.iter().all(|(_, other)| is_same_value(first, other)) {
            return Ok(Rc::clone(first));
        }
        let forms = arms.iter().map(|(_, own)| self.form(own));
        let form = forms.fold(Form::Plain, wider);
        match form {
            Form::Plain | Form::Closure => {
                let origins: Vec<Origin> = arms.into_iter().map(|(_, own)| own).collect();
                let reach = self.all(&origins, subject.steer.clone())?;
                self.made(reach)
            }
            Form::Product(width) => {
                let parts: Result<Vec<Origin>, TooMuch> = (0..width)
                    .map(|part| self.join_by(&arms, subject, |flow, own| flow.part(own, part)))
                    .collect();
                self.product(parts?)
            }
            Form::Sum(width) => {
                let tag = self.join_tags(&arms, subject)?;
                let payloads: Result<Vec<Origin>, TooMuch> = (0..width)
                    .map(|at| self.join_by(&arms, subject, |flow, own| flow.payload(own, at)))
                    .collect();
                self.sum(tag, payloads?)
            }
            Form::List => {
                let spine = self.join_spines(&arms, subject)?;
                let item = self.join_by(&arms, subject, |flow, own| flow.item(own))?;
                self.list(spine, item)
            }
            Form::Map => {
                let spine = self.join_spines(&arms, subject)?;
                let key = self.join_by(&arms, subject, |flow, own| flow.key(own))?;
                let value = self.join_by(&arms, subject, |flow, own| flow.item(own))?;
                self.map(spine, key, value)
            }
        }
    }

    fn join_by(
        &mut self,
        arms: &[Arm],
        subject: &Subject,
        part: impl Fn(&mut Self, &Origin) -> Result<Origin, TooMuch>,
    ) -> Result<Origin, TooMuch> {
        let mut parts = Vec::with_capacity(arms.len());
        for (arm, own) in arms {
            parts.push((*arm, part(self, own)?));
        }
        self.join(&parts, subject)
    }

    fn join_tags(&mut self, arms: &[Arm], subject: &Subject) -> Result<Tag, TooMuch> {
        let mut tags = Vec::with_capacity(arms.len());
        for (arm, own) in arms {
            tags.push((*arm, self.tag(own)?));
        }
        let first = &tags[0].1;
        let is_copy = !matches!(first, Tag::Made(_));
        if is_copy && tags.iter().all(|(_, tag)| tag == first) {
            return Ok(first.clone());
        }
        if let Some((place, taken)) = &subject.choice
            && let Some(to) = chosen(&tags, *place, taken)
        {
            self.spend(to.len())?;
            return Ok(Tag::Of(*place, to));
        }
        let reach = tags.iter().fold(subject.steer.clone(), |reach, (_, tag)| {
            reach.and(&tag_reach(tag))
        });
        Ok(Tag::Made(reach))
    }

    fn join_spines(&mut self, arms: &[Arm], subject: &Subject) -> Result<Spine, TooMuch> {
        let mut spines = Vec::with_capacity(arms.len());
        for (_, own) in arms {
            spines.push(self.spine(own)?);
        }
        let is_copy = matches!(spines[0], Spine::Of(_));
        if is_copy && spines.iter().all(|spine| *spine == spines[0]) {
            return Ok(spines[0].clone());
        }
        let reach = spines.iter().fold(subject.steer.clone(), |reach, spine| {
            reach.and(&spine_reach(spine))
        });
        Ok(Spine::Made(reach))
    }

    /// Whether as much is known of one as of the other. Takes its work from the budget.
    pub(super) fn is_alike(&mut self, one: &Origin, other: &Origin) -> Result<bool, TooMuch> {
        self.spend(1 + one.reach.size())?;
        if Rc::ptr_eq(one, other) {
            return Ok(true);
        }
        if one.reach != other.reach {
            return Ok(false);
        }
        let parts: (&[Origin], &[Origin]) = match (&one.what, &other.what) {
            (What::Nothing, What::Nothing) | (What::Made, What::Made) => return Ok(true),
            (What::Place(one), What::Place(other)) => return Ok(one == other),
            (What::Word(one), What::Word(other)) => return Ok(one == other),
            (What::Worn(one, more), What::Worn(other, others)) if more == others => {
                return self.is_alike(one, other);
            }
            (What::Product(one), What::Product(other)) => (one, other),
            (What::Sum(one, own), What::Sum(other, others)) if one == other => (own, others),
            (What::List(one, own), What::List(other, others)) if one == other => {
                return self.is_alike(own, others);
            }
            (What::Map(one, key, own), What::Map(other, keys, others)) if one == other => {
                return Ok(self.is_alike(key, keys)? && self.is_alike(own, others)?);
            }
            _ => return Ok(false),
        };
        let mut alike = parts.0.len() == parts.1.len();
        for (one, other) in parts.0.iter().zip(parts.1) {
            alike = alike && self.is_alike(one, other)?;
        }
        Ok(alike)
    }
}

/// Whether two origins stand for one value in every run. A node stands for one value wherever it is met in one run
/// of a body, and loops hand no node on to their next round as it is.
fn is_same_value(one: &Origin, other: &Origin) -> bool {
    if Rc::ptr_eq(one, other) {
        return true;
    }
    match (&one.what, &other.what) {
        (What::Place(one), What::Place(other)) => one == other,
        (What::Word(one), What::Word(other)) => one == other,
        _ => false,
    }
}

/// Which constructor comes out for each constructor at `place`, if each arm says that.
fn chosen(
    tags: &[(usize, Tag)],
    place: PlaceId,
    taken: &[Option<usize>],
) -> Option<Rc<[Option<usize>]>> {
    let mut to = vec![None; taken.len()];
    for (constructor, arm) in taken.iter().enumerate() {
        let Some((_, tag)) = tags.iter().find(|(own, _)| Some(*own) == *arm) else {
            continue;
        };
        to[constructor] = match tag {
            Tag::Known(known) => Some(*known),
            Tag::Of(own, inside) if *own == place => inside[constructor],
            Tag::Of(..) | Tag::Made(_) => return None,
        };
    }
    Some(to.into())
}

fn wider(one: Form, other: Form) -> Form {
    match (one, other) {
        (Form::Plain, form) | (form, Form::Plain) => form,
        (Form::Sum(one), Form::Sum(other)) => Form::Sum(one.max(other)),
        (form, _) => form,
    }
}
