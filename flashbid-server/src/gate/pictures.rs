use std::sync::Arc;
use std::thread::available_parallelism;

use async_trait::async_trait;
use captcha::filters::{Dots, Grid, Noise, Wave};
use rand::RngExt;
use tokio::sync::Semaphore;

use super::{Captcha, Challenge, TooBusy};
use crate::config::Secret;

/// Characters of the font that nobody takes for another one, in whichever case they are read.
const CHARACTERS: &[char] = &[
    'A', 'B', 'D', 'E', 'F', 'G', 'H', 'K', 'M', 'N', 'P', 'R', 'T', 'W', 'X', 'Y', 'a', 'b', 'd',
    'e', 'f', 'h', 'k', 'm', 'n', 'p', 'r', 't', 'w', 'x', 'y', '3', '4', '7',
];

/// How many of them a picture has: some twenty are told apart, so one guess in three million is right.
const LENGTH: u32 = 5;

/// The size of a picture.
const WIDTH: u32 = 260;
const HEIGHT: u32 = 120;

/// The most pictures that wait to be made. Each takes a few milliseconds of a core.
const QUEUE: usize = 64;

/// Captchas that are a few bent characters in a grid, with noise. They keep simple programs away, and no patient ones.
#[derive(Clone, Debug)]
pub struct Pictures {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Pictures {
    /// Uses half of the cores at most.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(QUEUE)),
        }
    }
}

#[async_trait]
impl Captcha for Pictures {
    async fn challenge(&self) -> Result<Challenge, TooBusy> {
        let _place = self.queue.try_acquire().map_err(|_| TooBusy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.expect("the semaphore is never closed");
        // The core is given back by the work itself: a caller that leaves does not stop it.
        let work = tokio::task::spawn_blocking(move || {
            let _core = core;
            draw()
        });
        Ok(work.await.expect("drawing does not panic"))
    }
}

fn draw() -> Challenge {
    let mut random = rand::rng();
    let (bent, lifted) = (
        random.random_range(6.0..11.0),
        random.random_range(6.0..11.0),
    );
    let waves = random.random_range(1.5..2.5);
    let mut picture = captcha::Captcha::new();
    picture
        .set_chars(CHARACTERS)
        .add_chars(LENGTH)
        .apply_filter(Noise::new(0.2))
        .apply_filter(Wave::new(waves, lifted).horizontal())
        .apply_filter(Wave::new(waves, bent).vertical())
        .view(WIDTH, HEIGHT)
        .apply_filter(Grid::new(
            random.random_range(9..16),
            random.random_range(9..16),
        ))
        .apply_filter(Dots::new(6).min_radius(2).max_radius(5));
    let (answer, image) = picture.as_tuple().expect("its size is a picture's");
    Challenge {
        image,
        answer: Secret::new(answer),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn a_picture_is_a_png_with_as_many_characters_as_it_should() {
        let pictures = Pictures::default();
        let mut answers = HashSet::new();
        for _ in 0..20 {
            let Challenge { image, answer } = pictures.challenge().await.unwrap();
            assert!(image.starts_with(b"\x89PNG\r\n\x1a\n"));
            let size = |at: usize| u32::from_be_bytes(image[at..at + 4].try_into().unwrap());
            assert_eq!((size(16), size(20)), (WIDTH, HEIGHT));
            assert!(image.len() < 64 * 1_024, "{}", image.len());
            assert_eq!(answer.expose().chars().count(), LENGTH as usize);
            assert!(answer.expose().chars().all(|one| CHARACTERS.contains(&one)));
            answers.insert(answer.expose().to_owned());
        }
        assert!(answers.len() > 18, "{answers:?}");
    }

    #[tokio::test]
    async fn when_too_many_are_wanted_one_more_is_refused_at_once() {
        let pictures = Pictures::default();
        let _all = pictures
            .queue
            .try_acquire_many(QUEUE.try_into().unwrap())
            .unwrap();
        assert_eq!(pictures.challenge().await.unwrap_err(), TooBusy);
    }
}
