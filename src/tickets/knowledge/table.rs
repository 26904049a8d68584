//! Reads CSV (RFC 4180): what spreadsheets write.

use anyhow::{Context, bail, ensure};

/// The rows behind the heading, each as long as the heading, which has to have the columns named; those, in that order.
pub fn read(text: &str, columns: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
    Ok(read_with_lines(text, columns)?.into_iter().map(|(_, row)| row).collect())
}

/// Each with the line that it begins in: cells may have more than one.
pub fn read_with_lines(text: &str, columns: &[&str]) -> anyhow::Result<Vec<(usize, Vec<String>)>> {
    let mut rows = rows(text.trim_start_matches('\u{feff}'))?.into_iter();
    let (_, heading) = rows.next().context("the file is empty")?;
    let find = |name: &&str| heading.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
    let mut places = Vec::new();
    for name in columns {
        places.push(find(name).with_context(|| format!("there is no column {name:?} in the first line"))?);
    }
    let mut read = Vec::new();
    for (line, row) in rows.filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty())) {
        ensure!(
            row.len() == heading.len(),
            "the row of line {line} has {} cells, the heading {}",
            row.len(),
            heading.len()
        );
        read.push((line, places.iter().map(|place| row[*place].trim().to_owned()).collect()));
    }
    Ok(read)
}

fn rows(text: &str) -> anyhow::Result<Vec<(usize, Vec<String>)>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut chars) = (false, text.chars().peekable());
    let (mut line, mut begins_in) = (1, 1);
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() => is_quoted = true,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push((begins_in, std::mem::take(&mut row)));
                begins_in = line;
            }
            c => cell.push(c),
        }
    }
    if is_quoted {
        bail!("a quote is opened and never closed");
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((begins_in, row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_read_by_its_heading() {
        let text = "\u{feff}id,Answer,Question\r\n1,\"Yes, \"\"sure\"\"\nand more\",Is it?\n\n2,No,\n";
        let read = read(text, &["question", "answer"]).expect("read");
        assert_eq!(read, [["Is it?", "Yes, \"sure\"\nand more"], ["", "No"]]);
        let lines = read_with_lines(text, &["question"]).expect("read");
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
        for bad in ["", "question\nx", "question,answer\nx", "question,answer\n\"x,y"] {
            assert!(super::read(bad, &["question", "answer"]).is_err(), "{bad:?}");
        }
    }
}
