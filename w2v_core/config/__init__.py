"""What a user can choose: one frozen model a stage, in the order of the flow.

A stage is handed its own model whole; functions and layers take plain values. Names and defaults are
gensim 4's where gensim has the parameter. `conf/default.toml` spells out every default and a test holds
the two equal.
"""

from w2v_core.config.loading import Config, config_with, load_config
from w2v_core.config.operation import ExecutorConfig, GateConfig, NightlyConfig, SparkConfig
from w2v_core.config.preprocessing import PhrasesConfig, ShardsConfig, TokenizeConfig, VocabConfig
from w2v_core.config.results import EmbedConfig, EvaluateConfig, ReportConfig
from w2v_core.config.section import Section
from w2v_core.config.training import TrainConfig

__all__ = [
    "Config",
    "EmbedConfig",
    "EvaluateConfig",
    "ExecutorConfig",
    "GateConfig",
    "NightlyConfig",
    "PhrasesConfig",
    "ReportConfig",
    "Section",
    "ShardsConfig",
    "SparkConfig",
    "TokenizeConfig",
    "TrainConfig",
    "VocabConfig",
    "config_with",
    "load_config",
]
