"""The gate of monitoring/: rules, their tests, runbooks, dashboards, adapter, Prometheus configuration.

Every metric that is named must be exported by the gateway (as docs/metrics.md says; test_behaviour.py
holds the same against a running one), made by a recording rule, or listed in external-metrics.yaml.
"""

import json
import pathlib
import re
import subprocess
import tempfile

import yaml

import problems
import sources
import toolbox

SEVERITIES = {"critical", "warning", "info"}
RUNBOOKS = "https://github.com/your-org/otlp-service/blob/main/monitoring/runbooks/"
COVERAGE_MIN = 0.95
METRIC = re.compile(r"^\| `((?:otlp|process)_[a-z0-9_]+)` \| (\w+) \|", re.M)
NOT_METRICS = {"otlp_http", "otlp_grpc"}  # exporters, in prose
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
# Words of PromQL that look like names of metrics.
WORDS = {"by", "on", "without", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset"}


def exported():
    """The gateway's metrics, as docs/metrics.md has them: plain names, and histograms. An end-to-end test
    holds that page to a scrape."""
    types = dict(METRIC.findall((toolbox.ROOT / "docs/metrics.md").read_text()))
    histograms = {name for name, kind in types.items() if kind == "histogram"}
    return set(types) - histograms, histograms


def family(name, histograms):
    for part in HISTOGRAM_PARTS:
        if name.endswith(part) and name.removesuffix(part) in histograms:
            return name.removesuffix(part)
    return name


def names_in(expression):
    """The metrics of an expression: what is left without strings, labels, durations and functions."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\{[^}]*\}", " ", text)
    text = re.sub(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    found = re.findall(r"(?<![\w.:$])([a-zA-Z_:][\w:]*)\b(?!\s*\()", text)
    return {name for name in found if name not in WORDS and not re.fullmatch(r"\d+\w", name)}


def promtool(*arguments, cwd=None):
    said = subprocess.run([str(toolbox.promtool()), *map(str, arguments)], capture_output=True, text=True,
                          check=False, cwd=cwd)
    return said.returncode, said.stdout + said.stderr


def rule_files(root):
    return sorted(set((root / "monitoring/rules").glob("*.yaml")) - {root / "monitoring/rules" / sources.KUSTOMIZATION})


class Rules:
    """The rules of all files, each with the line it begins at."""

    def __init__(self, root):
        self.root = root
        self.entries = []  # (file, line, rule as dict, node)
        for file in rule_files(root):
            for document in sources.nodes(file.read_text()):
                groups = sources.child(document, "groups")
                for group in groups[1].value:
                    for node in sources.child(group, "rules")[1].value:
                        rule = yaml.safe_load(yaml.serialize(node))
                        self.entries.append((file, node.start_mark.line + 1, rule, node))
        self.recorded = {rule["record"] for _, _, rule, _ in self.entries if "record" in rule}
        self.alerts = [(file, line, rule) for file, line, rule, _ in self.entries if "alert" in rule]


def line_in_expression(node, word):
    """The line of a word in the rule's expression, which may be a block of several lines."""
    key, value = sources.child(node, "expr")
    offset = 1 if value.style in ("|", ">") else 0
    for number, line in enumerate(value.value.splitlines()):
        if re.search(rf"\b{re.escape(word)}\b", line):
            return value.start_mark.line + offset + number + 1
    return key.start_mark.line + 1


def check_rule_files(root):
    for file in rule_files(root):
        code, said = promtool("check", "rules", file)
        if code:
            # The rule's line, and the line within its expression.
            line = re.search(r"yaml: (\d+):\d+:.*?(?:expression: (\d+):|$)", said, re.M)
            at = int(line.group(1)) + int(line.group(2) or 0) if line else 1
            yield file, at, said.strip()


def check_rules(root, rules):
    known_plain, histograms = exported()
    external = set(yaml.safe_load((root / "monitoring/external-metrics.yaml").read_text())["metrics"])
    known = known_plain | histograms | rules.recorded | external
    for file, _, rule, node in rules.entries:
        for name in sorted(names_in(rule["expr"])):
            if family(name, histograms) not in known or name in histograms:
                yield file, line_in_expression(node, name), f"unknown metric {name} in {rule.get('alert') or rule.get('record')}"


def check_alerts(root, rules):
    for file, line, rule in rules.alerts:
        name, annotations = rule["alert"], rule.get("annotations", {})
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield file, line, f"{name} has no severity of {', '.join(sorted(SEVERITIES))}"
        for wanted in ("summary", "description"):
            if not annotations.get(wanted):
                yield file, line, f"{name} has no {wanted}"
        if annotations.get("runbook_url") != f"{RUNBOOKS}{name}.md":
            yield file, line, f"the runbook_url of {name} is not {RUNBOOKS}{name}.md"
        elif not (root / "monitoring/runbooks" / f"{name}.md").exists():
            yield file, line, f"{name} has no runbook: monitoring/runbooks/{name}.md"
    names = {rule["alert"] for _, _, rule in rules.alerts}
    for page in sorted((root / "monitoring/runbooks").glob("*.md")):
        if page.stem not in names | {"README"}:
            yield page, 1, f"a runbook of no alert: {page.stem}"


def check_pages(root, rules):
    """Runbooks and operations name metrics that exist, and alerts that do."""
    plain, histograms = exported()
    known = plain | histograms | rules.recorded | NOT_METRICS
    alerts = {rule["alert"] for _, _, rule in rules.alerts}
    pages = [*sorted((root / "monitoring/runbooks").glob("*.md")), root / "docs/operations.md"]
    for page in (page for page in pages if page.exists()):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name in re.findall(r"\b((?:otlp|process)_[a-z0-9_]+)\b(?!\*)", line):
                if family(name, histograms) not in known and not name.endswith("_"):
                    yield page, number, f"unknown metric {name}"
            for name in re.findall(r"\b(Otlp[A-Z]\w+)\b", line):
                if name not in alerts:
                    yield page, number, f"unknown alert {name}"


def check_commands(root):
    """Commands on the pages that cannot work: the image holds one program, "restricted" refuses a pod by name, and Argo CD
    rolls back no application that syncs by itself, as all of ours do."""
    pages = [*sorted((root / "monitoring/runbooks").glob("*.md")), *sorted((root / "docs").glob("*.md")), root / "kustomize/README.md"]
    for page in (page for page in pages if page.exists()):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            program = re.search(r"\bkubectl\b.*\bexec\b.* -- (\S+)", line)
            if program and program.group(1) != "otlp-service":
                yield page, number, f"the image has no {program.group(1)}"
            if re.search(r"\bkubectl (-\S+ \S+ )*run\b", line) and "--overrides" not in line:
                yield page, number, "the namespace refuses the pod of kubectl run: kubectl debug --profile=restricted"
            if "argocd app rollback" in line:
                yield page, number, "Argo CD refuses to roll back what syncs by itself: git revert"


def check_rule_tests(root, rules):
    """promtool's verdict; and each alert has a test in which it fires, and a moment of silence."""
    fires, silent = set(), set()
    for file in sorted((root / "monitoring/tests").glob("*.yaml")):
        code, said = promtool("test", "rules", file.name, cwd=file.parent)
        if code:
            name = re.search(r"name: (\w+)|alertname=\\?\"(\w+)", said)
            word = name and (name.group(1) or name.group(2))
            yield file, sources.find_line(file, rf"\b{word}\b") if word else 1, said.strip()[:1500]
        for test in yaml.safe_load(file.read_text())["tests"]:
            for check in test.get("promql_expr_test", []):
                for alert in re.findall(r'alertname="(\w+)"', check["expr"]):
                    (fires if check.get("exp_samples") else silent).add(alert)
    for file, line, rule in rules.alerts:
        if rule["alert"] not in fires:
            yield file, line, f"no test makes {rule['alert']} fire"
        if rule["alert"] not in silent:
            yield file, line, f"no test shows {rule['alert']} silent"


def dashboard_expressions(file):
    for panel in json.loads(file.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def check_panels(root, rules):
    """Panels name metrics that exist; rules and panels together leave next to none out."""
    known_plain, histograms = exported()
    external = set(yaml.safe_load((root / "monitoring/external-metrics.yaml").read_text())["metrics"])
    known = known_plain | rules.recorded | external
    used = set()
    pages = root / "monitoring/dashboards/pages.py"
    for file in sorted((root / "monitoring/dashboards/json").glob("*.json")):
        for title, expression in dashboard_expressions(file):
            for name in sorted(names_in(expression)):
                used.add(family(name, histograms))
                if family(name, histograms) not in known | histograms or name in histograms:
                    yield pages, sources.find_line(pages, rf"\b{re.escape(name)}\b"), f"unknown metric {name} in panel {title}"
    for _, _, rule, _ in rules.entries:
        used |= {family(name, histograms) for name in names_in(rule["expr"])}
    everything = known_plain | histograms
    unused = sorted(everything - used)
    if everything and 1 - len(unused) / len(everything) < COVERAGE_MIN:
        yield pages, 1, f"no panel and no rule uses {', '.join(unused)}"


def check_dashboards(root):
    """promtool parses what the panels ask."""
    checked = []
    pages = root / "monitoring/dashboards/pages.py"
    for file in sorted((root / "monitoring/dashboards/json").glob("*.json")):
        for title, expression in dashboard_expressions(file):
            plain = expression.replace("$__rate_interval", "5m").replace("$namespace", "n").replace("$pod", "p")
            checked.append({"record": f"panel:{len(checked)}", "expr": plain, "labels": {"panel": title}})
    with tempfile.TemporaryDirectory() as folder:
        rule_file = pathlib.Path(folder) / "panels.yaml"
        rule_file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": checked}]}))
        code, said = promtool("check", "rules", rule_file)
        if code:
            at = re.search(r'panel:(\d+)', said)
            title = checked[int(at.group(1))]["labels"]["panel"] if at else ""
            yield pages, sources.find_line(pages, re.escape(title)), f"panel {title}: {said.strip()[:600]}"


def check_generated(root):
    """What generate.py makes is what is committed."""
    with tempfile.TemporaryDirectory() as folder:
        toolbox.run([toolbox.python(), "-B", root / "monitoring/generate.py", "--out", folder])
        for made in sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file()):
            committed = root / "monitoring" / made.relative_to(folder)
            old = committed.read_text() if committed.exists() else ""
            if made.read_text() != old:
                lines = zip(made.read_text().splitlines(), old.splitlines())
                line = next((number for number, (a, b) in enumerate(lines, 1) if a != b), 1)
                yield committed, line, "is not what monitoring/generate.py makes: run it"


def check_adapter(root, rules):
    """Its queries parse, name known metrics, and serve what the autoscalers ask for."""
    known_plain, histograms = exported()
    file = root / "monitoring/adapter/config.yaml"
    served = set()
    for rule in yaml.safe_load(file.read_text())["rules"]:
        series = re.match(r"\w+", rule["seriesQuery"]).group(0)
        served.add(rule["name"]["as"])
        line = sources.find_line(file, rf"as: {rule['name']['as']}$")
        if series not in known_plain | histograms | rules.recorded:
            yield file, sources.find_line(file, rf"seriesQuery: {series}"), f"unknown metric {series}"
        query = (rule["metricsQuery"].replace("<<.Series>>", series).replace("<<.LabelMatchers>>", 'namespace="n"')
                 .replace("<<.GroupBy>>", "pod"))
        with tempfile.TemporaryDirectory() as folder:
            rule_file = pathlib.Path(folder) / "adapter.yaml"
            rule_file.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [{"record": "a:b", "expr": query}]}]}))
            code, said = promtool("check", "rules", rule_file)
        if code:
            yield file, line, said.strip()[:600]
    for scaler in [*(root / "kustomize").rglob("*autoscaler.yaml")]:
        for number, text in enumerate(scaler.read_text().splitlines(), 1):
            name = re.match(r"\s+name: (\w+_\w+)$", text)
            if name and name.group(1) not in served:
                yield scaler, number, f"the adapter serves no metric {name.group(1)}"


def check_prometheus(root):
    """promtool on the configuration; Debian's is built without Kubernetes discovery, so that part is
    taken out first and checked for its fields here."""
    file = root / "monitoring/prometheus/prometheus.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["rule_files"] = [str(path) for path in rule_files(root)]
    for job in settings["scrape_configs"]:
        for discovery in job.pop("kubernetes_sd_configs", []):
            line = sources.find_line(file, rf"job_name: {job['job_name']}")
            if set(discovery) - {"role", "namespaces", "selectors"}:
                yield file, line, f"unknown fields of kubernetes_sd_configs: {sorted(discovery)}"
            if discovery.get("role") not in ("pod", "service", "endpoints", "endpointslice", "node", "ingress"):
                yield file, line, f"unknown role {discovery.get('role')}"
    with tempfile.TemporaryDirectory() as folder:
        plain = pathlib.Path(folder) / "prometheus.yaml"
        plain.write_text(yaml.safe_dump(settings))
        code, said = promtool("check", "config", plain)
    if code:
        field = re.search(r"field (\w+) not found|unknown fields in \w+: (\w+)", said)
        word = field and (field.group(1) or field.group(2))
        yield file, sources.find_line(file, rf"\b{word}\b") if word else 1, said.strip()[:600]


def gate(root):
    root = pathlib.Path(root)
    if not (root / "monitoring/rules").exists():
        return []
    rules = Rules(root)
    malformed = list(check_rule_files(root))
    if malformed:
        return [problems.problem(root, file, line, message) for file, line, message in malformed]
    checks = (*without_tools(root, rules), check_rule_tests(root, rules), check_dashboards(root),
              check_generated(root), check_adapter(root, rules), check_prometheus(root))
    return [problems.problem(root, file, line, message) for check in checks for file, line, message in check]


def without_tools(root, rules):
    """What needs neither promtool nor the dashboards' SDK: a second, so it is in the default suites too."""
    return check_rules(root, rules), check_alerts(root, rules), check_panels(root, rules), check_pages(root, rules), check_commands(root)
