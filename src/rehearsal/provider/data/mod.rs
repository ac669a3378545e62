//! Data sources: what tools look up.
//!
//! Facts of the account and the region, rendered documents, and objects of the world found by id,
//! name, tag or filter. What is not in the world may be somebody's own: it gets plausible values,
//! never a refusal. Start at [`Question::read`].

mod account;
mod lookup;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::computed::{Filler, guess_text};
use super::policy;
use super::scene::Scene;
use super::schema::{Resource, Type};
use super::tags::Defaults;
use super::value::{Object, Value};
use super::wire::Diagnostic;
use crate::rehearsal::World;

/// A question of a tool.
pub(super) struct Question<'a> {
    pub(super) scene: Scene,
    pub(super) defaults: &'a Defaults,
    pub(super) config: &'a Value,
}

/// What is asked by a data source.
pub(super) fn question<'a>(
    world: &Arc<World>,
    type_name: &str,
    source: &'static Resource,
    defaults: &'a Defaults,
    config: &'a Value,
) -> Question<'a> {
    let scene = Scene::new(Arc::clone(world), type_name, source, &defaults.region, config);
    Question { scene, defaults, config }
}

impl Question<'_> {
    /// Answers a data source.
    pub(super) fn read(&self, source: &Resource) -> Result<Value, Diagnostic> {
        let facts = self.facts().map_err(|text| Diagnostic::error(text, ""))?;
        Ok(self.answer(source, &facts))
    }

    fn facts(&self) -> Result<Json, String> {
        if self.scene.type_name == "aws_iam_policy_document" {
            let rendered = policy::render(self.config)?;
            return Ok(json!({"json": rendered.json, "minified_json": rendered.minified,
                "id": rendered.id}));
        }
        Ok(account::facts(self).unwrap_or_else(|| lookup::facts(self)))
    }

    /// The configuration with everything filled in that the provider computes.
    fn answer(&self, source: &Resource, facts: &Json) -> Value {
        let given = self.config.as_object().cloned().unwrap_or_default();
        let mut object = Object::new();
        for (name, attribute) in &source.block.attributes {
            let value = given.get(name).cloned().unwrap_or(Value::Null);
            let open = value.is_null() && attribute.computed;
            object.insert(name.clone(), if open { Value::Unknown } else { value });
        }
        for name in source.block.blocks.keys() {
            object.insert(name.clone(), given.get(name).cloned().unwrap_or(Value::Null));
        }
        if object.get("region").is_some_and(Value::is_unknown) && facts["region"].is_null() {
            object.insert("region".into(), Value::string(&self.scene.region));
        }
        if source.block.attributes.get("version").is_some_and(|v| !v.computed)
            && self.scene.type_name == "aws_iam_policy_document"
            && object["version"].is_null()
        {
            object.insert("version".into(), "2012-10-17".into());
        }
        let mut facts = facts.clone();
        if facts["id"].is_null() {
            let id = guess_text(&self.scene, "identifier", "", true);
            let fallback = format!("{}{id}", self.scene.region);
            facts["id"] = fallback.into();
        }
        Value::Map(Filler { scene: &self.scene, arn: "" }.block(&source.block, object, &facts))
    }

    fn text(&self, name: &str) -> &str {
        self.config.text(name)
    }

    /// The values of a `filter` block.
    fn filter(&self, name: &str) -> Option<Vec<&str>> {
        let blocks = self.config.field("filter").as_list();
        blocks.iter().find(|b| b.text("name") == name).map(|b| b.texts("values"))
    }

    fn has(&self, name: &str) -> bool {
        self.scene.resource.block.attributes.contains_key(name)
    }

    fn type_of(&self, name: &str) -> Option<&Type> {
        self.scene.resource.block.attributes.get(name).map(|a| &a.ty)
    }
}
