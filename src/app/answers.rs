//! `springboard answers`: template, check, schema, explanations; nothing is changed.

use std::collections::BTreeMap;

use springboard::answers::{Loader, Value, explain, schema, template};
use springboard::blueprint;
use springboard::cli::AnswersCommand;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::host::Host;

use super::Ending;

pub(crate) fn run(
    command: AnswersCommand,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let blueprint = blueprint::ALL[0];
    let catalogue = blueprint.catalogue();
    match command {
        AnswersCommand::New { profile } => {
            let chosen = BTreeMap::from([("profile".to_owned(), Value::Text(profile))]);
            printer.text(&template(catalogue, &chosen));
        }
        AnswersCommand::Validate { answers } => {
            let loader = Loader::new(catalogue, host).sets(&answers.sets);
            let loader = match &answers.answers {
                Some(path) => loader.file(path).map_err(|error| Ending::usage(&error))?,
                None => loader,
            };
            let checked = loader.load().map_err(|error| Ending::usage(&error))?;
            let name = blueprint.deployment_name(&checked);
            printer.line(&format!("the answers for `{name}` are right"));
        }
        AnswersCommand::Schema => printer.line(&pretty(&schema(catalogue))),
        AnswersCommand::Explain { key } => {
            let explanation =
                explain(catalogue, &key, None).map_err(|error| Ending::usage(&error))?;
            printer.line(&explanation.to_string());
        }
    }
    Ok(Ending::DONE)
}
