//! The closing plan: untargeted, with the variables of the last pass, and empty.

use super::terraform::{self, Planned};
use super::{Context, StepEnd, StepError};
use crate::plan::{Facts, Pass};
use crate::run::Action;
use crate::run::event::Failure;

/// Plans the whole root; anything to change is a failure that names it.
pub(super) async fn verify(
    context: &Context<'_>,
    pass: &Pass,
    facts: &mut Facts,
) -> Result<StepEnd, StepError> {
    let root = terraform::prepare(context, pass).await?;
    let planned = terraform::plan(context, &root).await?;
    match planned {
        Planned::Nothing => {
            facts.outputs = terraform::outputs(context, &root).await?;
            Ok(StepEnd::Done { unchanged: true })
        }
        Planned::Changes(_) => {
            const NAMED: usize = 10;
            let changes = planned.changes();
            let mut causes: Vec<String> = changes
                .iter()
                .take(NAMED)
                .map(|(address, action)| format!("{address} would be {}", word(*action)))
                .collect();
            if changes.len() > NAMED {
                causes.push(format!("and {} more", changes.len() - NAMED));
            }
            Err(StepError::Failed(Failure {
                what: format!("the closing plan is not empty: {} to change", changes.len()),
                causes,
                hint: Some(
                    "somebody or something changed what was made; resume plans and applies again"
                        .into(),
                ),
            }))
        }
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Delete => "deleted",
        Action::Replace => "replaced",
        Action::Import => "imported",
        Action::Read | Action::Other => "touched",
    }
}
