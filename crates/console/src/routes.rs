//! Which address is answered by whom.

use std::future::{Ready, ready};

use actix_web::http::header::ACCEPT;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, Route, guard, web};

use crate::assets;
use crate::error::PageError;
use crate::pages::{
    account, admin, credits, docs, explorer, generation, generations, images, keys, playground,
    sign_in, sign_up,
};
use crate::security::{harden, protect};
use crate::session;
use crate::shell::Viewer;
use crate::state::ConsoleState;

/// An address of the console: what it answers to, around it what holds for every page.
macro_rules! page {
    ($config:expr, $path:expr, $allowed:literal, $($route:expr),+) => {
        $config.service(
            web::resource($path)
                .wrap(from_fn(protect))
                $(.route($route))+
                .default_service(web::to(|| refuse_method($allowed))),
        )
    };
}

/// All pages, over `state`.
pub fn configure(state: &web::Data<ConsoleState>) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let state = state.clone();
    move |config| {
        config.app_data(state);
        open_pages(config);
        own_pages(config);
        admin_pages(config);
    }
}

/// What is for everybody.
fn open_pages(config: &mut web::ServiceConfig) {
    page!(config, "/", "GET, HEAD", get().to(docs::root));
    page!(
        config,
        "/{lang}/api-docs",
        "GET, HEAD",
        get().to(docs::in_language)
    );
    page!(
        config,
        "/api-explorer",
        "GET, HEAD",
        get().to(explorer::show)
    );
    page!(
        config,
        "/assets/{version}/{name}",
        "GET, HEAD",
        get().to(assets::serve)
    );
    page!(
        config,
        "/sign-in",
        "GET, HEAD, POST",
        get().to(sign_in::show),
        web::post().to(sign_in::submit)
    );
    page!(
        config,
        "/sign-up",
        "GET, HEAD, POST",
        get().to(sign_up::show),
        web::post().to(sign_up::submit)
    );
    page!(
        config,
        "/sign-out",
        "POST",
        web::post().to(sign_in::sign_out)
    );
}

/// What is an account's.
fn own_pages(config: &mut web::ServiceConfig) {
    page!(
        config,
        "/account",
        "GET, HEAD, POST",
        get().to(account::show),
        web::post().to(account::change_password)
    );
    page!(
        config,
        "/keys",
        "GET, HEAD, POST",
        get().to(keys::list),
        web::post().to(keys::create)
    );
    page!(
        config,
        "/keys/{id}/revoke",
        "GET, HEAD, POST",
        get().to(keys::ask_to_revoke),
        web::post().to(keys::revoke)
    );
    page!(
        config,
        "/keys/{id}/rotate",
        "GET, HEAD, POST",
        get().to(keys::ask_to_rotate),
        web::post().to(keys::rotate)
    );
    page!(
        config,
        "/playground",
        "GET, HEAD, POST",
        get().to(playground::show),
        web::post().to(playground::submit)
    );
    page!(
        config,
        "/playground/balance",
        "GET, HEAD",
        get().to(playground::balance)
    );
    page!(config, "/credits", "GET, HEAD", get().to(credits::show));
    page!(
        config,
        "/credits.csv",
        "GET, HEAD",
        get().to(credits::download)
    );
    page!(
        config,
        "/generations",
        "GET, HEAD",
        get().to(generations::list)
    );
    page!(
        config,
        "/generations/statuses",
        "GET, HEAD",
        get().to(generations::statuses)
    );
    page!(
        config,
        "/generations/{id}",
        "GET, HEAD",
        get().to(generation::show)
    );
    page!(
        config,
        "/generations/{id}/status",
        "GET, HEAD",
        get().to(generation::status)
    );
    page!(
        config,
        "/thumbnails/{id}",
        "GET, HEAD",
        get().to(images::thumbnail)
    );
    page!(
        config,
        "/images/{id}",
        "GET, HEAD",
        get().to(images::original)
    );
}

/// What admins alone get to see.
fn admin_pages(config: &mut web::ServiceConfig) {
    page!(
        config,
        "/admin",
        "GET, HEAD",
        get().to(admin::overview::show)
    );
    page!(
        config,
        "/admin/accounts",
        "GET, HEAD, POST",
        get().to(admin::accounts::list),
        web::post().to(admin::accounts::create)
    );
    page!(
        config,
        "/admin/accounts/{id}",
        "GET, HEAD, POST",
        get().to(admin::account::show),
        web::post().to(admin::account::change)
    );
    page!(
        config,
        "/admin/accounts/{id}/block",
        "GET, HEAD, POST",
        get().to(admin::account::ask_to_block),
        web::post().to(admin::account::block)
    );
    page!(
        config,
        "/admin/accounts/{id}/password",
        "GET, HEAD, POST",
        get().to(admin::account::ask_to_set_password),
        web::post().to(admin::account::set_password)
    );
    page!(
        config,
        "/admin/accounts/{id}/grant",
        "POST",
        web::post().to(admin::account::grant)
    );
    page!(
        config,
        "/admin/models",
        "GET, HEAD",
        get().to(admin::models::list)
    );
    page!(
        config,
        "/admin/models/{id}",
        "GET, HEAD, POST",
        get().to(admin::models::show),
        web::post().to(admin::models::save)
    );
    page!(
        config,
        "/admin/generations",
        "GET, HEAD",
        get().to(admin::generations::list)
    );
    page!(
        config,
        "/admin/generations/{id}",
        "GET, HEAD",
        get().to(admin::generations::show)
    );
    page!(
        config,
        "/admin/generations/{id}/status",
        "GET, HEAD",
        get().to(admin::generations::status)
    );
    page!(
        config,
        "/admin/acts",
        "GET, HEAD",
        get().to(admin::acts::list)
    );
}

/// A route for GET and HEAD alike; the server leaves the body of an answer to HEAD away.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn refuse_method(allowed: &'static str) -> Ready<Result<HttpResponse, PageError>> {
    ready(Err(PageError::MethodNotAllowed(allowed)))
}

/// The page for an address that nothing is at, for who asks for pages; `None` for programs, which are answered otherwise.
pub async fn unknown(request: &HttpRequest, state: &ConsoleState) -> Option<HttpResponse> {
    let accepts = request.headers().get(ACCEPT)?.to_str().ok()?;
    let is_programs = ["/api/", "/v1/", "/media/"]
        .iter()
        .any(|folder| request.path().starts_with(folder));
    if is_programs || !accepts.contains("text/html") {
        return None;
    }
    // With the database away everybody is a stranger.
    let account = session::account(request).await.ok().flatten();
    let mut response = PageError::NotFound.page(account.as_ref().map(Viewer::from));
    harden(response.headers_mut(), state);
    Some(response)
}
