//! Pictures, drawn anew: what a browser gets to see was made by our own encoder. Places, names and whatever else was
//! hidden in or behind the original are gone.
//!
//! Invariant: one picture at a time, of at most 40 million pixels, off the async threads, also when nobody waits for it any
//! more. That bounds the memory, about 400 MB at the worst.

use std::io::{BufRead, BufReader, Cursor, Seek};
use std::num::NonZeroU64;
use std::sync::{Arc, LazyLock};

use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{PngDecoder, PngEncoder};
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits, Rgba};
use tokio::sync::Semaphore;

use super::MAX_BYTES;
use crate::error::{Error, Result};

const MAX_PIXELS: u64 = 40_000_000;
/// With four bytes a pixel. A picture of 16 bits a color may have half the pixels.
const MAX_DECODED: u64 = 4 * MAX_PIXELS;
const MAX_SIDE: u32 = 32_768;
/// Of all frames of an animation together.
const MAX_FRAME_PIXELS: u64 = 5 * MAX_PIXELS;

const THUMB_WIDTH: u32 = 480;
const THUMB_HEIGHT: u32 = 960;

static TURN: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

pub struct Picture {
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
    /// None where the picture itself is small.
    pub thumb: Option<(ImageFormat, Vec<u8>)>,
}

/// None: it begins like a picture and is none. An error: it is larger than we draw.
pub async fn redraw(original: std::fs::File, format: ImageFormat) -> Result<Option<Picture>> {
    let drawn = in_turn(&TURN, move || match draw(&mut BufReader::new(original), format) {
        Ok(picture) => Ok(Some(picture)),
        Err(ImageError::Limits(_)) => Err(beyond_bounds()),
        Err(error) => {
            tracing::debug!(%error, "a file begins like a picture and is none");
            Ok(None)
        }
    });
    // A decoder that panics has met a file that is no picture.
    drawn.await.unwrap_or(Ok(None))
}

/// None: the work has panicked. The turn goes with the work, which runs on when its caller has gone.
async fn in_turn<T: Send + 'static>(turn: &Arc<Semaphore>, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let turn = turn.clone().acquire_owned().await.expect("nobody closes it");
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    worked.await.ok()
}

fn beyond_bounds() -> Error {
    let bounds =
        "A picture may have 40 million pixels, or 20 million of 16 bits a color, and 25 MiB when it is drawn anew.";
    Error::invalid("file", "too_large", bounds)
}

fn draw(original: &mut (impl BufRead + Seek), format: ImageFormat) -> ImageResult<Picture> {
    let image = eight_bits(match format {
        ImageFormat::Png => decode(PngDecoder::with_limits(&mut *original, limits())?)?,
        ImageFormat::Jpeg => decode(JpegDecoder::new(&mut *original)?)?,
        ImageFormat::Gif => decode(GifDecoder::new(&mut *original)?)?,
        _ => decode(WebPDecoder::new(&mut *original)?)?,
    });
    let bytes = if format == ImageFormat::Gif {
        original.rewind()?;
        copy_frames(original)?
    } else {
        encode(&image, format)?
    };
    let thumb = thumb(&image)?;
    let (width, height) = (image.width(), image.height());
    // What lossless drawing blows up beyond the bound of a file becomes a photograph.
    let (format, bytes) = if bytes.len() <= MAX_BYTES {
        (format, bytes)
    } else {
        drop(bytes);
        (ImageFormat::Jpeg, photograph(&on_white(image), MAX_BYTES)?)
    };
    Ok(Picture { format, width, height, bytes, thumb })
}

/// As good as `most` bytes allow.
fn photograph(image: &DynamicImage, most: usize) -> ImageResult<Vec<u8>> {
    for quality in [90, 75, 50] {
        let mut bytes = Vec::new();
        jpeg(image, quality, &mut bytes)?;
        if bytes.len() <= most {
            return Ok(bytes);
        }
    }
    Err(beyond_limits())
}

/// Nothing shines through a photograph.
fn on_white(image: DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image;
    }
    let mut pixels = image.into_rgba8();
    for Rgba([colors @ .., alpha]) in pixels.pixels_mut() {
        for color in colors {
            let mixed = u32::from(*color) * u32::from(*alpha) + 255 * (255 - u32::from(*alpha));
            *color = u8::try_from(mixed / 255).unwrap_or(u8::MAX);
        }
        *alpha = u8::MAX;
    }
    pixels.into()
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(2 * MAX_DECODED);
    limits
}

/// Upright, as the camera meant it, because what says so is not kept.
fn decode(mut decoder: impl ImageDecoder) -> ImageResult<DynamicImage> {
    decoder.set_limits(limits())?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(beyond_limits());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn beyond_limits() -> ImageError {
    ImageError::Limits(image::error::LimitError::from_kind(image::error::LimitErrorKind::InsufficientMemory))
}

fn eight_bits(image: DynamicImage) -> DynamicImage {
    use image::ColorType::{L8, La8, Rgb8, Rgba8};
    match image.color() {
        L8 | La8 | Rgb8 | Rgba8 => image,
        color if color.has_alpha() => image.into_rgba8().into(),
        color if color.has_color() => image.into_rgb8().into(),
        _ => image.into_luma8().into(),
    }
}

fn encode(image: &DynamicImage, format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        // Its default is the fast one: whoever sends a bomb should not keep the others waiting.
        ImageFormat::Png => image.write_with_encoder(PngEncoder::new(&mut bytes))?,
        ImageFormat::WebP => image.write_with_encoder(WebPEncoder::new_lossless(&mut bytes))?,
        _ => jpeg(image, 90, &mut bytes)?,
    }
    Ok(bytes)
}

fn jpeg(image: &DynamicImage, quality: u8, bytes: &mut Vec<u8>) -> ImageResult<()> {
    let encoder = JpegEncoder::new_with_quality(bytes, quality);
    match image.color() {
        image::ColorType::L8 | image::ColorType::Rgb8 => image.write_with_encoder(encoder),
        _ => image.to_rgb8().write_with_encoder(encoder),
    }
}

fn thumb(image: &DynamicImage) -> ImageResult<Option<(ImageFormat, Vec<u8>)>> {
    if image.width() <= THUMB_WIDTH && image.height() <= THUMB_HEIGHT {
        return Ok(None);
    }
    let small = image.thumbnail(THUMB_WIDTH, THUMB_HEIGHT);
    if image.color().has_alpha() {
        return Ok(Some((ImageFormat::Png, encode(&small, ImageFormat::Png)?)));
    }
    let mut bytes = Vec::new();
    jpeg(&small, 80, &mut bytes)?;
    Ok(Some((ImageFormat::Jpeg, bytes)))
}

/// An animation as it is: every frame's pixels, palette and time, written anew; comments and what follows stay behind.
fn copy_frames(original: &mut impl BufRead) -> ImageResult<Vec<u8>> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(MAX_PIXELS).unwrap_or(NonZeroU64::MIN)));
    options.check_frame_consistency(true);
    let mut decoder = options.read_info(original).map_err(broken)?;
    let palette = decoder.global_palette().unwrap_or_default().to_vec();
    let mut out =
        gif::Encoder::new(Cursor::new(Vec::new()), decoder.width(), decoder.height(), &palette).map_err(broken)?;
    let mut pixels = 0;
    while let Some(frame) = decoder.next_frame_info().map_err(broken)? {
        let mut frame = frame.clone();
        // How often it plays is known once the first frame has begun, and has to stand before it.
        if pixels == 0 {
            out.set_repeat(decoder.repeat()).map_err(broken)?;
        }
        pixels += u64::from(frame.width) * u64::from(frame.height);
        if pixels > MAX_FRAME_PIXELS {
            return Err(beyond_limits());
        }
        let mut indices = vec![0; decoder.buffer_size()];
        decoder.read_into_buffer(&mut indices).map_err(broken)?;
        (frame.buffer, frame.interlaced) = (indices.into(), false);
        out.write_frame(&frame).map_err(broken)?;
    }
    Ok(out.into_inner().map_err(|error| ImageError::IoError(std::io::Error::other(error)))?.into_inner())
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> ImageError {
    ImageError::Decoding(image::error::DecodingError::new(ImageFormat::Gif.into(), error))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_turn_is_taken_for_as_long_as_the_work_runs_even_if_nobody_waits_for_it() {
        let turn = Arc::new(Semaphore::new(1));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (ours, work) = (turn.clone(), move || {
            begun.send(()).expect("the test listens");
            may_go_on.recv().expect("the test goes on");
        });
        let waiting = tokio::spawn(async move { in_turn(&ours, work).await });
        has_begun.await.expect("begun");
        waiting.abort();
        assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(turn.available_permits(), 0);
        go_on.send(()).expect("the work listens");
        let next = tokio::time::timeout(Duration::from_secs(10), in_turn(&turn, || "next"));
        assert_eq!(next.await.expect("the turn is free again"), Some("next"));
    }

    #[test]
    fn a_photograph_lies_on_white_and_within_its_bound() {
        let clear = image::RgbaImage::from_pixel(16, 16, Rgba([200, 0, 0, 0]));
        let half = image::RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 51]));
        assert_eq!(on_white(clear.into()).into_rgb8().get_pixel(3, 3).0, [255; 3]);
        assert_eq!(on_white(half.into()).into_rgb8().get_pixel(3, 3).0, [204; 3]);

        let noise = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 97 + y * 151) as u8, (x * y) as u8, 7]));
        let noise = DynamicImage::from(noise);
        let best = photograph(&noise, usize::MAX).expect("drawn").len();
        let smaller = photograph(&noise, best - 1).expect("drawn").len();
        assert!(smaller < best);
        assert!(matches!(photograph(&noise, 100), Err(ImageError::Limits(_))));
    }

    #[tokio::test]
    async fn work_that_panics_gives_the_turn_back() {
        let turn = Arc::new(Semaphore::new(1));
        let worked: Option<()> = in_turn(&turn, || panic!("on purpose")).await;
        assert!(worked.is_none());
        assert_eq!(turn.available_permits(), 1);
    }
}
