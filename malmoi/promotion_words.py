"""A decision of `malmoi.challenge` in words that a person can read: a sentence or two, a challenger's line, and a page of Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from malmoi.scores import score, show, show_difference, show_interval, show_p

Decision = Mapping[str, Any]
OUTCOMES = {"promoted": "Promoted", "refused": "Refused", "no difference": "No difference"}
UNMEASURED = "what guessing scores was not measured"
BY = {
    "first": "as the first one, chosen on validation",
    "evidence": "by evidence",
    "force": "by force",
    "rollback": "by a rollback",
    "release": "by evidence again",
}


def why(row: Mapping[str, Any], enough: bool) -> str:
    """What a challenger has shown against the champion. enough: it is better, by at least the gain that matters."""
    shown = f"{_difference(row)} ({show_p(row['p_adjusted'])})"
    if row["outcome"] == "refused":
        return f"better by {shown}, but {'; '.join(row['refusals'])}"
    if enough:
        return f"better by {shown}, and it keeps every rule"
    if row["verdict"] == "better":
        return f"better by {shown}, less than the {_unsigned(row['metric'], row['least_gain'])} that matter"
    return f"{'worse' if row['verdict'] == 'worse' else 'no difference shown'}: {shown}"


def sentence(decision: Decision) -> str:
    """What was decided against a standing champion, in a sentence or two."""
    standing, rows = decision["standing"], decision["challengers"]
    stands = f"{standing['experiment']}{'' if standing['today'] else ' (of an earlier training, scored again on today’s test texts)'}"
    if decision["outcome"] == "promoted":
        row = next(row for row in rows if row["experiment"] == decision["champion"] and row["outcome"] == "promoted")
        return f"{row['experiment']} takes the place of {stands}: {row['why']}."
    against = f"{len(rows)} challenger{'s' if len(rows) != 1 else ''}"
    weak = "" if decision["guessing"]["better"] else f" Itself it is {against_guessing(decision['guessing'])}."
    refused = [f"{row['experiment']} is {row['why']}" for row in rows if row["outcome"] == "refused"]
    if refused:
        return f"{stands} stays champion. {'. '.join(refused)}.{weak}"
    return f"{stands} stays champion: none of {against} was shown better by as much as matters.{weak}"


def against_guessing(found: Mapping[str, Any]) -> str:
    """The finding as a part of a sentence: "not better than guessing (always 'positive'): −3.8 points, p = 0.73"."""
    if "p" not in found:
        return UNMEASURED
    by = show_difference(found["metric"], found["difference"])
    return f"{'' if found['better'] else 'not '}better than guessing ({found['against']}): {by}, {show_p(found['p_adjusted'])}"


def guessing(found: Mapping[str, Any] | None) -> str:
    """The same for a narrow place: "not better than guessing, p = 0.73"; "" where it is better, or nobody has looked."""
    if not found or found["better"]:
        return ""
    return f"not better than guessing, {show_p(found['p_adjusted'])}" if "p" in found else UNMEASURED


def page(decision: Decision) -> str:
    """The decision as Markdown, with every number of it that a person would ask for."""
    return "\n".join(_lines(decision)) + "\n"


def _lines(decision: Decision) -> Iterator[str]:
    yield f"# {decision['model']}: {OUTCOMES[decision['outcome']].lower()}"
    yield f"\n{decision['why']}\n"
    data = decision["data"]
    if data["examples"] is not None:
        yield f"* Test split: {data['examples']:,} texts, SHA-256 `{data['sha256']}`."
    if data["left_out"]:
        yield f"* {data['left_out']:,} of them were in the champion's training, and are left out of the comparison."
    if decision["standing"]:
        yield from _standing(decision["standing"])
    if decision["champion"]:
        edges = show_interval(decision["metric"], decision["interval"])
        scored = f"{show(decision['metric'], decision['test'])} on test{f' ({edges})' if edges else ''}"
        title = score(decision["metric"]).title
        yield f"* Champion from now on: **{decision['champion']}**, seed {decision['seed']}, {title} {scored}."
        if decision.get("guessing"):
            yield f"* Champion, against guessing: {against_guessing(decision['guessing'])}."
    yield from _rules(decision)
    yield from _checks(decision["checks"])
    yield from _challengers(decision)


def _standing(standing: Mapping[str, Any]) -> Iterator[str]:
    since = BY[standing["by"]] + (f" ({standing['reason']})" if standing["by"] in ("force", "rollback") else "")
    training = "today's training" if standing["today"] else "an earlier training, which was scored again on today's test texts"
    yield f"* Champion before: **{standing['experiment']}**, seed {standing['seed']}, in its place {since}; of {training}."


def _rules(decision: Decision) -> Iterator[str]:
    rules = decision["rules"]
    metric = next((row["metric"] for row in decision["challengers"] if "metric" in row), decision["metric"])
    least = rules["gain"].get(metric, 0)
    gain = f"{_unsigned(metric, least)} ({score(metric).title})" if least else "none"
    seeds = f"{rules['seeds']} seed{'s' if rules['seeds'] > 1 else ''}"
    yield f'* Rules: chance of any false "better" under {rules["level"]:g} (Holm); at least {seeds}; least gain {gain}.'


def _checks(checks: list[Mapping[str, Any]]) -> Iterator[str]:
    if checks:
        yield "\n## Checks of the data\n\n| check | found | limit | |\n|---|---|---|---|"
    for check in checks:
        yield f"| {check['what']} | {check['value']} | {check['limit']} | {check['broken'] or 'kept'} |"


def _challengers(decision: Decision) -> Iterator[str]:
    rows = decision["challengers"]
    yield f"\n## {'Challengers' if decision['standing'] else 'Experiments'}"
    yield "\n| experiment | seeds | validation | test | | |\n|---|---|---|---|---|---|"
    for row in rows:
        scores = " | ".join(show(decision["metric"], row[split]) for split in ("valid", "test"))
        yield f"| {row['experiment']} | {row['seeds']} | {scores} | {row['outcome']} | {_cell(row['why'])} |"
    for row in (row for row in rows if row.get("p_bootstrap") is not None):
        yield from _numbers(row)


def _numbers(row: Mapping[str, Any]) -> Iterator[str]:
    """The tests and guards of one challenger."""
    yield f"\n### {row['experiment']}\n"
    yield f"* {score(row['metric']).title}, against the champion: {_difference(row)}, on {row['examples']:,} texts."
    yield f"* Against guessing: {against_guessing(row['guessing'])}."
    yield f"* Paired bootstrap over texts and seeds: {show_p(row['p_bootstrap'])}."
    if "p_mcnemar" in row:
        only = f"{row['only_challenger_right']} texts right that the champion has wrong, {row['only_champion_right']} the other way"
        yield f"* McNemar's test of the two bundles: {show_p(row['p_mcnemar'])} ({only})."
    yield f"* After Holm's correction: {show_p(row['p_adjusted'])}; {row['verdict']}."
    for guard in row["guards"]:
        found = ", ".join(f"{who} {_value(guard[key])}" for who, key in (("challenger", "value"), ("champion", "champion")))
        yield f"* {guard['what']}: {found}; {guard['limit']}: {guard['broken'] or 'kept'}."


def _value(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _difference(row: Mapping[str, Any]) -> str:
    low, high = (show_difference(row["metric"], edge).split(" ")[0] for edge in row["interval"])
    return f"{show_difference(row['metric'], row['difference'])}, 95% interval {low} to {high}"


def _unsigned(metric: str, value: float) -> str:
    return show_difference(metric, value).lstrip("+")


def _cell(text: str) -> str:
    """Text that does not end a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
