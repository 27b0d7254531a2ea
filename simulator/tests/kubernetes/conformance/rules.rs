//! Rules of custom resources, in CEL: what the model leaves out, and so is checked against a real server only.

use serde_json::json;

use super::custom_resources::{WIDGETS, define, widget};
use super::sentences;
use super::world::World;

sentences![a_rule_refuses_what_it_does_not_hold_for, a_rule_can_be_about_a_change];

async fn a_rule_refuses_what_it_does_not_hold_for(world: World) {
    let mut schema = json!({ "type": "object", "properties": {
        "a": { "type": "string", "maxLength": 20 }, "b": { "type": "string", "maxLength": 20 },
        "blocks": { "type": "array", "maxItems": 10, "items": { "type": "string", "maxLength": 50, "x-kubernetes-validations": [{
            "rule": "isCIDR(self) && cidr(self).masked() == cidr(self)", "message": "must be a CIDR without host bits",
        }] } },
    } });
    schema["x-kubernetes-validations"] = json!([
        { "rule": "!(has(self.a) && has(self.b))", "message": "a and b cannot both be set" },
        {
            "rule": "(has(self.a) && self.a != '') || (has(self.b) && self.b != '')", "message": "one of a and b is required",
            "reason": "FieldValueRequired",
        },
    ]);
    define(&world, schema).await;
    for (spec, reason, field, message) in [
        (json!({ "a": "x", "b": "x" }), "FieldValueInvalid", "spec", "a and b cannot both be set"),
        (json!({ "a": "" }), "FieldValueRequired", "spec", "one of a and b is required"),
        (
            json!({ "a": "x", "blocks": ["10.0.0.0/8", "10.0.0.1/8"] }),
            "FieldValueInvalid",
            "spec.blocks[1]",
            "must be a CIDR without host bits",
        ),
        (
            json!({ "a": "x", "blocks": ["nonsense"] }),
            "FieldValueInvalid",
            "spec.blocks[0]",
            "must be a CIDR without host bits",
        ),
    ] {
        let status = world.post(WIDGETS, widget(&world, spec)).await.invalid(&[field]);
        let cause = &status["details"]["causes"][0];
        assert_eq!(cause["reason"], reason, "{status}");
        assert!(cause["message"].as_str().unwrap().ends_with(message), "{status}");
    }
    world.post(WIDGETS, widget(&world, json!({ "a": "x", "blocks": ["10.0.0.0/8", "fd00::/8"] }))).await.ok();
}

async fn a_rule_can_be_about_a_change(world: World) {
    let schema = json!({ "type": "object", "properties": { "text": {
        "type": "string", "maxLength": 20,
        "x-kubernetes-validations": [{ "rule": "self == oldSelf", "message": "text cannot be changed" }],
    }, "more": { "type": "string" } } });
    define(&world, schema).await;
    world.post(WIDGETS, widget(&world, json!({ "text": "a" }))).await.ok();
    let path = format!("{WIDGETS}/a");
    world.merge(&path, json!({ "spec": { "text": "b" } })).await.invalid(&["spec.text"]);
    world.merge(&path, json!({ "spec": { "more": "b" } })).await.ok();
    world.merge(&path, json!({ "spec": { "text": null } })).await.ok();
}
