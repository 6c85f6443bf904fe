//! stub
use gih_database::Kind;
use crate::bench::Names;
use crate::model::Model;
use crate::step::Step;
#[derive(Clone, Copy)]
pub struct Bug;
impl Bug {
    pub fn schema(self, _: Kind) -> Option<String> { None }
    pub fn before(self, _: Kind, _: &Names, _: &Model, _: &Step) -> Option<String> { None }
    pub fn after(self, _: Kind, _: &Names, _: &Model, _: &Step) -> Option<String> { None }
}
