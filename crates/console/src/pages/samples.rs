//! Sample generations for the tests of pages.

use gih_domain::account::AccountType;
use gih_domain::balance::Balance;
use gih_domain::blob::{ImageFacts, ImageFormat};
use gih_domain::credits::Credits;
use gih_domain::generation::{
    End, Ending, Failure, FailureCode, Generation, Reference, SavedImage, State,
};
use gih_domain::id::{AccountId, GenerationId, ImageId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::size::{RenderingQuality, Size, Tier};

use crate::testing::{time, uuid};

/// An image, by its place in its generation.
pub(crate) fn image(place: u8) -> SavedImage {
    SavedImage {
        id: ImageId(uuid(100 + u128::from(place))),
        object_name: ObjectName::of_image(GenerationId(uuid(1)), place, 42, "png"),
        about: ImageFacts {
            format: ImageFormat::Png,
            size: Size::new(1536, 1024).unwrap(),
            byte_length: 1_440_000,
            sha256: [7; 32],
        },
        created_at: time("2026-04-30T08:00:30Z"),
    }
}

/// A generation of two images that cost 8 credits each, as it is in `state`.
pub(crate) fn generation(prompt: &str, state: State) -> Generation {
    Generation {
        id: GenerationId(uuid(1)),
        account: AccountId(uuid(7)),
        key: KeyId(uuid(9)),
        mode: Mode::Test,
        model: "gpt-image-2".to_owned(),
        provider: "openai".to_owned(),
        provider_model: "gpt-image-2".to_owned(),
        prompt: prompt.to_owned(),
        n: 2,
        size: Size::new(1536, 1024),
        aspect_ratio: "3:2".parse().ok(),
        tier: Tier::OneK,
        rendering_quality: RenderingQuality::Auto,
        price: Credits::from_u32(8),
        references: Vec::new(),
        waits: false,
        created_at: time("2026-04-30T08:00:00Z"),
        state,
    }
}

/// A reference image.
pub(crate) fn reference() -> Reference {
    Reference {
        object_name: ObjectName::of_reference(GenerationId(uuid(1)), 0),
        about: image(0).about,
    }
}

/// An end.
pub(crate) fn ended(ending: Ending) -> State {
    State::Ended(End {
        ending,
        completed_at: time("2026-04-30T08:00:31Z"),
        balance: Balance {
            credits: Credits::from_u32(984),
            account_type: AccountType::Pro,
            next_expiration: None,
        },
    })
}

/// An end with this many images.
pub(crate) fn succeeded(images: u8) -> State {
    ended(Ending::Succeeded((0..images).map(image).collect()))
}

/// An end without, and why.
pub(crate) fn failed(message: &str) -> State {
    let failure = Failure::new(FailureCode::ContentRejected, message);
    ended(Ending::Failed(failure))
}
