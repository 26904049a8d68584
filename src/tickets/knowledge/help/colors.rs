//! The brand colour as a page needs it: text on it, and it as text, both with a WCAG contrast of at least 4.5.

/// `#rrggbb` in numbers.
type Rgb = [f64; 3];

const WHITE: Rgb = [255.0; 3];
const BLACK: Rgb = [0.0; 3];
const DEFAULT: Rgb = [37.0, 99.0, 235.0];
const DARK_GROUND: Rgb = [22.0, 24.0, 29.0];
const READABLE: f64 = 4.5;
/// Some text stands on a ground a little off the page's.
const AMPLE: f64 = READABLE + 0.7;

/// The colours as rules of a style sheet: digits of ours alone, whatever is stored.
pub fn rules(primary: &str) -> String {
    let brand = parse(primary).unwrap_or(DEFAULT);
    let on_brand = if contrast(WHITE, brand) >= READABLE { WHITE } else { BLACK };
    let away = if on_brand == WHITE { BLACK } else { WHITE };
    format!(
        ":root{{--brand:{};--deep:{};--on-brand:{};--accent:{};--accent-dark:{}}}",
        hex(brand),
        hex(mix(brand, away, 0.22)),
        hex(on_brand),
        hex(away_from(WHITE, brand, BLACK)),
        hex(away_from(DARK_GROUND, brand, WHITE))
    )
}

/// A mark for the browser's tab, in the colour.
pub fn icon(primary: &str) -> String {
    let brand = hex(parse(primary).unwrap_or(DEFAULT)).replace('#', "%23");
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' \
         rx='4' fill='{brand}'/%3E%3C/svg%3E"
    )
}

/// The colour, moved as little as it takes.
fn away_from(ground: Rgb, color: Rgb, end: Rgb) -> Rgb {
    let shares = (0..20).map(|step| f64::from(step) * 0.05);
    shares.map(|share| mix(color, end, share)).find(|candidate| contrast(*candidate, ground) >= AMPLE).unwrap_or(end)
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: Rgb) -> f64 {
    let linear = color.map(|channel| {
        let share = channel / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn mix(from: Rgb, to: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|at| (from[at] + (to[at] - from[at]) * share).round())
}

fn parse(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok().map(f64::from);
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn hex(color: Rgb) -> String {
    color.iter().fold("#".to_owned(), |text, channel| format!("{text}{:02x}", *channel as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_brand_is_it_can_be_read() {
        for brand in ["#000000", "#ffffff", "#ffff00", "#2563eb", "#7f7f7f", "#ff00ff", "red;}*{x:y", ""] {
            let rules = rules(brand);
            let color = |name: &str| {
                let value = rules.split(&format!("--{name}:")).nth(1).expect("it is there");
                parse(&value[..7]).expect("a colour")
            };
            assert!(contrast(color("brand"), color("on-brand")) >= READABLE, "{rules}");
            assert!(contrast(color("deep"), color("on-brand")) >= READABLE, "{rules}");
            assert!(contrast(color("accent"), WHITE) >= READABLE, "{rules}");
            assert!(contrast(color("accent-dark"), DARK_GROUND) >= READABLE, "{rules}");
        }
    }
}
