//! Reads the text format of Prometheus, as far as this server writes it.

/// One line: what was measured, under which labels, and the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Sample {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// The samples in their order; what is no sample is left out.
pub fn parse(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let (name, rest) = line.split_at(line.find(['{', ' '])?);
    let (labels, value) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (Vec::new(), rest),
    };
    let value = value.split_whitespace().next()?.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(',');
        if let Some(rest) = text.strip_prefix('}') {
            return Some((found, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        found.push((name.to_owned(), value));
        text = rest;
    }
}

/// A value up to its closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_served_is_read() {
        let text = "# HELP a Help with a { brace.\n# TYPE a counter\na 3\n\nb_bucket{le=\"+Inf\",route=\"/a \\\"b\\\\\\n\"} 2.5 1700\nb_sum{} NaN\nbroken{a=\"\nno\n";
        let found = parse(text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!((found[0].name.as_str(), found[0].value), ("a", 3.0));
        assert_eq!((found[1].label("le"), found[1].label("route")), (Some("+Inf"), Some("/a \"b\\\n")));
        assert_eq!(found[1].value, 2.5);
        assert!(found[2].value.is_nan() && found[2].labels.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[a{}=\", \\\\\n0-9é]{0,60}") {
            parse(&text);
        }
    }
}
