//! The demo's one picture: a torn bag of coffee on a table, as far as rectangles and ellipses can show it.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 720;

const BAG: Rgb<u8> = Rgb([58, 84, 74]);
const LABEL: Rgb<u8> = Rgb([236, 226, 204]);
const TEAR: Rgb<u8> = Rgb([24, 20, 18]);
const BEAN: Rgb<u8> = Rgb([74, 44, 27]);

/// As PNG.
pub fn draw() -> Vec<u8> {
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| color_at(f64::from(x), f64::from(y)));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Png).expect("a picture in memory can be written");
    bytes.into_inner()
}

fn color_at(x: f64, y: f64) -> Rgb<u8> {
    // From the tear downwards, in rows that become wider.
    let is_bean = (0..24).any(|n: i32| {
        let (row, place) = (f64::from(n / 6), f64::from(n % 6));
        let middle = (610.0 + (place - 1.5) * (34.0 + 16.0 * row), 470.0 + row * 62.0 + (place * 2.3).sin() * 16.0);
        is_within((x, y), middle, (19.0, 12.0))
    });
    let is_torn = is_within((x, y), (590.0, 420.0), (70.0 + 12.0 * (y / 9.0).sin(), 44.0));
    let is_bag = (300.0..660.0).contains(&x) && (90.0..640.0).contains(&y);
    let is_label = (350.0..610.0).contains(&x) && (200.0..340.0).contains(&y);
    if is_bean {
        BEAN
    } else if is_torn && is_bag {
        TEAR
    } else if is_label {
        LABEL
    } else if is_bag {
        BAG
    } else {
        // The table, lighter towards the window.
        let light = (x / f64::from(WIDTH) * 40.0 + (y / 37.0).sin() * 5.0) as u8;
        Rgb([176 + light, 136 + light, 98 + light])
    }
}

fn is_within((x, y): (f64, f64), (middle_x, middle_y): (f64, f64), (half_width, half_height): (f64, f64)) -> bool {
    ((x - middle_x) / half_width).powi(2) + ((y - middle_y) / half_height).powi(2) <= 1.0
}
