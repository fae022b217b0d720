"""The parts that all dashboards are made of: a panel for a quantity over time, a panel for one number,
and a dashboard that lays them out. Built with Grafana's foundation SDK.
"""

import string

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import BigValueGraphMode, LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import (DataSourceRef, GridPos, Threshold, ThresholdsMode, ValueMap,
                                                     ValueMappingResult)

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH, HEIGHT = 12, 8
# The gateways of the chosen namespace and pods.
POD = 'job="otlp-service", namespace="$namespace", pod=~"$pod"'
NAMESPACE = 'namespace="$namespace"'


def query(expression, legend, letter="A"):
    return prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter).datasource(DATASOURCE)


def graph(title, unit, *targets, description="", limit=None, stacked=False):
    """A quantity over time; `targets` are (expression, legend); `limit` draws a line."""
    panel = (timeseries.Panel().title(title).unit(unit).description(description).datasource(DATASOURCE)
             .fill_opacity(10).min(0)
             .legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
                     .placement(LegendPlacement.BOTTOM).show_legend(True)))
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode("normal")).fill_opacity(40)
    if limit is not None:
        panel = (panel.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
                                  .steps([Threshold(color="green", value=None), Threshold(color="red", value=limit)]))
                 .thresholds_style(common.GraphThresholdsStyleConfig().mode("line")))
    for letter, (expression, legend) in zip(string.ascii_uppercase, targets):
        panel = panel.with_target(query(expression, legend, letter))
    return panel


def number(title, unit, expression, legend="", description="", bad_from=None, names=None):
    """One value now; red from `bad_from` on; `names` gives words to values."""
    steps = [Threshold(color="green", value=None)]
    if bad_from is not None:
        steps.append(Threshold(color="red", value=bad_from))
    panel = (stat.Panel().title(title).unit(unit).description(description).datasource(DATASOURCE)
             .graph_mode(BigValueGraphMode.AREA)
             .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)))
    if names:
        panel = panel.mappings([ValueMap(options={
            str(value): ValueMappingResult(text=text, color=color) for value, (text, color) in names.items()})])
    return panel.with_target(query(expression, legend))


def variables():
    source = dashboard.DatasourceVariable("datasource").type("prometheus").label("Data source")
    namespace = (dashboard.QueryVariable("namespace").label("Namespace").datasource(DATASOURCE).refresh(2)
                 .query('label_values(otlp_build_info{job="otlp-service"}, namespace)'))
    pod = (dashboard.QueryVariable("pod").label("Pod").datasource(DATASOURCE).refresh(2).multi(True)
           .include_all(True)
           .query('label_values(otlp_build_info{job="otlp-service", namespace="$namespace"}, pod)'))
    return [source, namespace, pod]


def page(uid, title, description, rows):
    """`rows` are (title, panels); the panels of a row lie two beside each other."""
    made = (dashboard.Dashboard(title).uid(uid).description(description).tags(["otlp-service"])
            .refresh("30s").time("now-1h", "now").timezone("browser").readonly())
    for variable in variables():
        made = made.with_variable(variable)
    y, identity = 0, 0
    for row, panels in rows:
        identity += 1
        made = made.with_row(dashboard.Row(row).id(identity).grid_pos(GridPos(h=1, w=2 * WIDTH, x=0, y=y)))
        y += 1
        for index, panel in enumerate(panels):
            identity += 1
            made = made.with_panel(panel.id(identity).grid_pos(GridPos(h=HEIGHT, w=WIDTH, x=index % 2 * WIDTH, y=y)))
            y += HEIGHT if index % 2 or index == len(panels) - 1 else 0
    return made.build()
