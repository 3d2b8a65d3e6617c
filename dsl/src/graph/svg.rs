//! The graph as a picture: the states on a circle, the inputs on the lines between them.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::Graph;

/// Half the height of a state.
const HALF_HEIGHT: f64 = 18.0;

/// Room of one letter.
const LETTER: f64 = 8.0;

/// Room of one row of a label.
const ROW: f64 = 17.0;

/// Letters of one row of a label.
const ROW_CHARS: usize = 28;

/// Room around everything.
const MARGIN: f64 = 16.0;

/// How far a line is bent, so that the line back is another one.
const BEND: f64 = 0.16;

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

impl Point {
    /// The point so far on the way to another: 0 is here, 1 is there.
    fn toward(self, other: Point, part: f64) -> Point {
        Point {
            x: self.x + (other.x - self.x) * part,
            y: self.y + (other.y - self.y) * part,
        }
    }

    /// Beside the middle of the way to another.
    fn bent(self, other: Point) -> Point {
        let middle = self.toward(other, 0.5);
        Point {
            x: middle.x + (other.y - self.y) * BEND,
            y: middle.y - (other.x - self.x) * BEND,
        }
    }

    /// So far in the direction of another.
    fn step(self, other: Point, length: f64) -> Point {
        let distance = (other.x - self.x).hypot(other.y - self.y).max(1.0);
        self.toward(other, length / distance)
    }
}

/// A node: a state, or `any` after the last of them.
struct Node<'a> {
    name: &'a str,
    centre: Point,
    half_width: f64,
}

impl Node<'_> {
    /// Where a line in the direction of a point leaves the box.
    fn border(&self, to: Point) -> Point {
        let (x, y) = (to.x - self.centre.x, to.y - self.centre.y);
        let across = x.abs() / self.half_width;
        let along = y.abs() / HALF_HEIGHT;
        self.centre.toward(to, 1.0 / across.max(along).max(1.0))
    }
}

/// What the picture must have room for.
struct Frame {
    least: Point,
    most: Point,
}

impl Frame {
    fn new() -> Frame {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        Frame {
            least: Point { x: least, y: least },
            most: Point { x: most, y: most },
        }
    }

    /// Makes room around a point.
    fn hold(&mut self, centre: Point, half_width: f64, half_height: f64) {
        self.least.x = self.least.x.min(centre.x - half_width);
        self.least.y = self.least.y.min(centre.y - half_height);
        self.most.x = self.most.x.max(centre.x + half_width);
        self.most.y = self.most.y.max(centre.y + half_height);
    }

    fn view_box(&self) -> String {
        let Frame { least, most } = self;
        format!(
            "{:.0} {:.0} {:.0} {:.0}",
            least.x - MARGIN,
            least.y - MARGIN,
            most.x - least.x + 2.0 * MARGIN,
            most.y - least.y + 2.0 * MARGIN
        )
    }
}

pub(super) fn drawn(graph: &Graph) -> String {
    let edges = graph.edges();
    let is_open = edges.keys().any(|(_, to)| to.is_none());
    let mut names: Vec<&str> = graph.states.iter().map(String::as_str).collect();
    names.extend(is_open.then_some("any"));
    let nodes = placed(&names);
    let (mut lines, mut states, mut labels) = (String::new(), String::new(), String::new());
    let mut frame = Frame::new();
    for ((from, to), inputs) in edges {
        let to = to.unwrap_or(names.len() - 1);
        let bow = if from == to {
            Bow::back(&nodes[from])
        } else {
            Bow::between(&nodes[from], &nodes[to])
        };
        bow.draw(&mut lines);
        label(&mut labels, &mut frame, &bow, &inputs);
    }
    for (number, node) in nodes.iter().enumerate() {
        frame.hold(node.centre, node.half_width, HALF_HEIGHT);
        state(&mut states, node, graph.first.contains(&number));
    }
    // What is drawn last is in front: a line goes behind the words of another one.
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n  <title>{}</title>\n  <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
         {lines}{states}{labels}</svg>\n",
        frame.view_box(),
        graph.machine
    )
}

/// Nodes on a circle that is large enough for their names, the first at the top.
fn placed<'a>(names: &[&'a str]) -> Vec<Node<'a>> {
    let size = |text: &str| length(text.chars().count());
    let widest = names.iter().map(|name| size(name)).fold(0.0, f64::max) * LETTER;
    let count = length(names.len());
    let radius = if names.len() == 1 {
        0.0
    } else {
        (count * (widest + 90.0) / TAU).max(130.0)
    };
    let centre = Point {
        x: radius + widest + 40.0,
        y: radius + 80.0,
    };
    let node = |(name, number): (&&'a str, u32)| {
        let angle = TAU * f64::from(number) / count - TAU / 4.0;
        Node {
            name,
            centre: Point {
                x: centre.x + radius * angle.cos(),
                y: centre.y + radius * angle.sin(),
            },
            half_width: size(name) * LETTER / 2.0 + 12.0,
        }
    };
    names.iter().zip(0_u32..).map(node).collect()
}

/// A line between two nodes, bent to one side.
struct Bow {
    start: Point,
    bend: Point,
    end: Point,
    is_back: bool,
}

impl Bow {
    /// From a node to itself, above it.
    fn back(node: &Node<'_>) -> Bow {
        let above = |x, y| Point {
            x: node.centre.x + x,
            y: node.centre.y - HALF_HEIGHT - y,
        };
        Bow {
            start: above(-14.0, 0.0),
            bend: above(0.0, 56.0),
            end: above(14.0, 0.0),
            is_back: true,
        }
    }

    fn between(from: &Node<'_>, to: &Node<'_>) -> Bow {
        let bend = from.centre.bent(to.centre);
        Bow {
            start: from.border(bend),
            bend,
            end: to.border(bend).step(bend, 2.0),
            is_back: false,
        }
    }

    /// Where the line is farthest from being straight.
    fn top(&self) -> Point {
        self.start.toward(self.end, 0.5).toward(self.bend, 0.5)
    }

    fn draw(&self, text: &mut String) {
        let Bow {
            start, bend, end, ..
        } = self;
        let _ = writeln!(
            text,
            "  <path d=\"M{:.0} {:.0}Q{:.0} {:.0} {:.0} {:.0}\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#tip)\"/>",
            start.x, start.y, bend.x, bend.y, end.x, end.y
        );
    }
}

/// The inputs on a line, in rows of a bearable length; white around them, so that the line does not strike them out.
fn label(text: &mut String, frame: &mut Frame, bow: &Bow, inputs: &[&str]) {
    let rows = rows(inputs);
    let half_height = ROW * length(rows.len()) / 2.0;
    let widest = rows.iter().map(|row| row.chars().count()).max();
    let half_width = length(widest.unwrap_or_default()) * LETTER / 2.0;
    let mut centre = bow.top();
    if bow.is_back {
        centre.y -= half_height + 4.0;
    } else {
        // Outwards, so that the words of two upright lines side by side do not meet.
        let middle = bow.start.toward(bow.end, 0.5);
        let distance = (centre.x - middle.x).hypot(centre.y - middle.y).max(1.0);
        centre.x += (centre.x - middle.x) / distance * half_width * 0.7;
    }
    frame.hold(centre, half_width, half_height);
    let mut base = centre.y - half_height + 0.75 * ROW;
    for row in rows {
        let _ = writeln!(
            text,
            "  <text x=\"{:.0}\" y=\"{base:.0}\" text-anchor=\"middle\" fill=\"#064\" stroke=\"#fff\" stroke-width=\"4\" \
             paint-order=\"stroke\">{row}</text>",
            centre.x
        );
        base += ROW;
    }
}

/// Names with commas between them, broken where a row is long enough.
fn rows(names: &[&str]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for name in names {
        match rows.last_mut() {
            Some(row) if row.chars().count() + name.chars().count() < ROW_CHARS => {
                row.push_str(", ");
                row.push_str(name);
            }
            Some(row) => {
                row.push(',');
                rows.push((*name).to_owned());
            }
            None => rows.push((*name).to_owned()),
        }
    }
    rows
}

/// A number of things as a length.
fn length(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn state(text: &mut String, node: &Node<'_>, is_first: bool) {
    let thick = if is_first { 3 } else { 1 };
    let (x, y) = (node.centre.x - node.half_width, node.centre.y - HALF_HEIGHT);
    let _ = writeln!(
        text,
        "  <rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" fill=\"#fff\" stroke=\"#000\" \
         stroke-width=\"{thick}\"/>\n  <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
        node.half_width * 2.0,
        HALF_HEIGHT * 2.0,
        node.centre.x,
        node.centre.y + 5.0,
        node.name
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_inputs_stand_in_rows_inside_the_picture() {
        let names = ["Connect", "Disconnect", "Subscribe", "Unsubscribe", "Send"];
        let expected = ["Connect, Disconnect,", "Subscribe, Unsubscribe, Send"];
        assert_eq!(rows(&names), expected);
        let centre = Point { x: 0.0, y: 0.0 };
        let node = Node {
            name: "Session",
            centre,
            half_width: 40.0,
        };
        let (mut text, mut frame) = (String::new(), Frame::new());
        label(&mut text, &mut frame, &Bow::back(&node), &names);
        assert_eq!(text.lines().count(), expected.len());
        let half = length(expected[1].len()) * LETTER / 2.0;
        assert!(frame.least.x <= -half && half <= frame.most.x);
        assert!(frame.most.y < -HALF_HEIGHT, "no word on the state");
    }
}
