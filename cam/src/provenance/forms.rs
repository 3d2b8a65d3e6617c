//! Looking at an origin: its parts, made when they are asked for.

use std::rc::Rc;

use crate::provenance::TooMuch;
use crate::provenance::flow::Flow;
use crate::provenance::origin::{Form, Node, Origin, Spine, Tag, What};
use crate::provenance::place::{Kind, PlaceId};
use crate::provenance::sources::{Reach, Sources};

/// Everything here takes its own work from the budget.
impl Flow<'_> {
    pub(super) fn node(&mut self, what: What, reach: Reach) -> Result<Origin, TooMuch> {
        self.spend(1 + reach.size())?;
        Ok(Rc::new(Node { what, reach }))
    }

    pub(super) fn nothing(&mut self) -> Result<Origin, TooMuch> {
        self.node(What::Nothing, Reach::default())
    }

    pub(super) fn made(&mut self, reach: Reach) -> Result<Origin, TooMuch> {
        self.node(What::Made, reach)
    }

    pub(super) fn place(&mut self, id: PlaceId) -> Result<Origin, TooMuch> {
        let reach = Reach::data(self.places.get(id).leaves.clone());
        self.node(What::Place(id), reach)
    }

    pub(super) fn product(&mut self, parts: Vec<Origin>) -> Result<Origin, TooMuch> {
        let reach = self.all(&parts, Reach::default())?;
        self.node(What::Product(parts.into()), reach)
    }

    pub(super) fn sum(&mut self, tag: Tag, payloads: Vec<Origin>) -> Result<Origin, TooMuch> {
        let reach = self.all(&payloads, tag_reach(&tag))?;
        self.node(What::Sum(tag, payloads.into()), reach)
    }

    pub(super) fn option(&mut self, tag: Reach, content: Origin) -> Result<Origin, TooMuch> {
        let none = self.product(Vec::new())?;
        self.sum(Tag::Made(tag), vec![none, content])
    }

    pub(super) fn list(&mut self, spine: Spine, item: Origin) -> Result<Origin, TooMuch> {
        let reach = spine_reach(&spine).and(&item.reach);
        self.node(What::List(spine, item), reach)
    }

    pub(super) fn map(
        &mut self,
        spine: Spine,
        key: Origin,
        value: Origin,
    ) -> Result<Origin, TooMuch> {
        let reach = spine_reach(&spine).and(&key.reach).and(&value.reach);
        self.node(What::Map(spine, key, value), reach)
    }

    /// The same, no longer as a copy, and made of `more` as well.
    pub(super) fn worn(&mut self, of: &Origin, more: &Reach) -> Result<Origin, TooMuch> {
        self.spend(1 + more.size())?;
        let reach = of.reach.and(more);
        let what = match &of.what {
            What::Nothing => What::Nothing,
            What::Made => What::Made,
            What::Word(word) if more.is_empty() => What::Word(*word),
            What::Word(_) => What::Made,
            What::Worn(inside, before) => What::Worn(Rc::clone(inside), before.and(more)),
            What::Closure(function, captured) => {
                let captured = self.worn(captured, more)?;
                What::Closure(*function, captured)
            }
            _ => What::Worn(Rc::clone(of), more.clone()),
        };
        let reach = match what {
            What::Nothing => Reach::default(),
            _ => reach,
        };
        self.node(what, reach)
    }

    pub(super) fn form(&self, of: &Origin) -> Form {
        let mut of = of;
        while let What::Worn(inside, _) = &of.what {
            of = inside;
        }
        match &of.what {
            What::Product(parts) => Form::Product(parts.len()),
            What::Sum(_, payloads) => Form::Sum(payloads.len()),
            What::List(..) => Form::List,
            What::Map(..) => Form::Map,
            What::Closure(..) => Form::Closure,
            What::Place(id) => match &self.places.get(*id).kind {
                Kind::Scalar => Form::Plain,
                Kind::Product(parts) => Form::Product(parts.len()),
                Kind::Sum(payloads, _) => Form::Sum(payloads.len()),
                Kind::List(_) => Form::List,
                Kind::Map(..) => Form::Map,
            },
            What::Nothing | What::Made | What::Word(_) | What::Worn(..) => Form::Plain,
        }
    }

    /// A part of a product.
    pub(super) fn part(&mut self, of: &Origin, index: usize) -> Result<Origin, TooMuch> {
        self.inside(of, &|what, kind| match (what, kind) {
            (What::Product(parts), _) => parts.get(index).cloned().map(Found::Own),
            (_, Some(Kind::Product(parts))) => parts.get(index).copied().map(Found::Place),
            _ => None,
        })
    }

    /// What a sum carries if it has that constructor.
    pub(super) fn payload(&mut self, of: &Origin, constructor: usize) -> Result<Origin, TooMuch> {
        self.inside(of, &|what, kind| match (what, kind) {
            (What::Sum(_, payloads), _) => {
                let payload = payloads.get(constructor).cloned();
                Some(payload.map_or(Found::Nothing, Found::Own))
            }
            (_, Some(Kind::Sum(payloads, _))) => {
                payloads.get(constructor).copied().map(Found::Place)
            }
            _ => None,
        })
    }

    /// An item of a list, or what stands under a key of a map.
    pub(super) fn item(&mut self, of: &Origin) -> Result<Origin, TooMuch> {
        self.inside(of, &|what, kind| match (what, kind) {
            (What::List(_, item) | What::Map(_, _, item), _) => Some(Found::Own(Rc::clone(item))),
            (_, Some(Kind::List(item) | Kind::Map(_, item))) => Some(Found::Place(*item)),
            _ => None,
        })
    }

    /// A key of a map.
    pub(super) fn key(&mut self, of: &Origin) -> Result<Origin, TooMuch> {
        self.inside(of, &|what, kind| match (what, kind) {
            (What::Map(_, key, _), _) => Some(Found::Own(Rc::clone(key))),
            (_, Some(Kind::Map(key, _))) => Some(Found::Place(*key)),
            _ => None,
        })
    }

    /// Which constructor it is, and why.
    pub(super) fn tag(&mut self, of: &Origin) -> Result<Tag, TooMuch> {
        self.spend(1 + of.reach.size())?;
        Ok(match &of.what {
            What::Sum(tag, _) => tag.clone(),
            What::Place(id) => match &self.places.get(*id).kind {
                Kind::Sum(payloads, _) if payloads.len() == 1 => Tag::Known(0),
                Kind::Sum(payloads, _) => Tag::Of(*id, (0..payloads.len()).map(Some).collect()),
                _ => Tag::Made(of.reach.clone()),
            },
            What::Worn(inside, more) => match self.tag(inside)? {
                Tag::Known(constructor) if more.is_empty() => Tag::Known(constructor),
                tag => Tag::Made(tag_reach(&tag).and(more)),
            },
            _ => Tag::Made(of.reach.clone()),
        })
    }

    /// How many items a container has, and why.
    pub(super) fn spine(&mut self, of: &Origin) -> Result<Spine, TooMuch> {
        self.spend(1 + of.reach.size())?;
        Ok(match &of.what {
            What::List(spine, _) | What::Map(spine, ..) => spine.clone(),
            What::Place(id) => match &self.places.get(*id).kind {
                Kind::List(_) | Kind::Map(..) => Spine::Of(*id),
                _ => Spine::Made(of.reach.clone()),
            },
            What::Worn(inside, more) => Spine::Made(spine_reach(&self.spine(inside)?).and(more)),
            _ => Spine::Made(of.reach.clone()),
        })
    }

    /// What decides which items a walk meets, and in which order: of a map its keys too.
    pub(super) fn walked(&mut self, of: &Origin) -> Result<Reach, TooMuch> {
        let spine = spine_reach(&self.spine(of)?);
        match self.form(of) {
            Form::Map => Ok(spine.and(&self.key(of)?.reach)),
            _ => Ok(spine),
        }
    }

    /// What reaches any of them.
    pub(super) fn all(&mut self, parts: &[Origin], first: Reach) -> Result<Reach, TooMuch> {
        let mut reach = first;
        for part in parts {
            self.spend(1 + part.reach.size())?;
            reach = reach.and(&part.reach);
        }
        Ok(reach)
    }

    /// A part of what it is; what has no parts is in all of its parts.
    fn inside(
        &mut self,
        of: &Origin,
        look: &dyn Fn(&What, Option<&Kind>) -> Option<Found>,
    ) -> Result<Origin, TooMuch> {
        self.spend(1)?;
        let kind = match &of.what {
            What::Place(id) => Some(&self.places.get(*id).kind),
            _ => None,
        };
        match (look(&of.what, kind), &of.what) {
            (Some(Found::Own(own)), _) => Ok(own),
            (Some(Found::Place(id)), _) => self.place(id),
            (Some(Found::Nothing), _) | (None, What::Nothing) => self.nothing(),
            (None, What::Worn(inside, more)) => {
                let part = self.inside(inside, look)?;
                self.worn(&part, more)
            }
            (None, _) => self.made(of.reach.clone()),
        }
    }
}

enum Found {
    Own(Origin),
    Place(PlaceId),
    Nothing,
}

pub(super) fn tag_reach(tag: &Tag) -> Reach {
    match tag {
        Tag::Known(_) => Reach::default(),
        Tag::Of(place, _) => Reach::data(Sources::one(*place)),
        Tag::Made(reach) => reach.clone(),
    }
}

pub(super) fn spine_reach(spine: &Spine) -> Reach {
    match spine {
        Spine::Of(place) => Reach::data(Sources::one(*place)),
        Spine::Made(reach) => reach.clone(),
    }
}
