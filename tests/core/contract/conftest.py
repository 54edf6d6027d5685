import copy

import pytest

SMALL = {
    "ruleset": {
        "id": "small",
        "version": "1",
        "title_zh": "小办法",
        "title_en": "Small",
        "issuer": "某局",
        "doc_no": "某号",
        "issued": "2024-01-01",
        "jurisdiction": "CN",
        "status": "assumed",
    },
    "defaults": {"threshold_minutes": 15, "speed_profile": "adult", "population_basis": "常住人口"},
    "speed_profile": [
        {"id": "adult", "group": "all", "m_per_s": 1.2, "status": "assumed", "source": "设定"}
    ],
    "dimension": [
        {"id": "a", "zh": "甲", "weight": 60, "status": "assumed"},
        {"id": "b", "zh": "乙", "weight": 40, "status": "official"},
    ],
    "indicator": [
        {
            "id": "shops",
            "zh": "商店",
            "dimension": "a",
            "kind": "coverage",
            "formats": ["shop", "market", "stall"],
            "unit": "%",
            "target": 90,
            "floor": 50,
            "hard_floor": 40,
            "curve": "linear",
            "weight": 100,
            "status": "derived",
            "status_parts": {
                "threshold_minutes": "official",
                "target": "official",
                "floor": "assumed",
                "hard_floor": "assumed",
                "weight": "assumed",
            },
            "source": "某号第一条",
        },
        {
            "id": "happy",
            "zh": "满意度",
            "dimension": "b",
            "kind": "survey",
            "of": "satisfaction",
            "unit": "%",
            "target": 90,
            "floor": 70,
            "min_sample": 100,
            "curve": "linear",
            "weight": 100,
            "status": "derived",
            "status_parts": {
                "target": "official",
                "floor": "assumed",
                "weight": "assumed",
                "min_sample": "derived",
            },
            "source": "某号第二条",
        },
    ],
    "hard_rule": [],
    "grade": [
        {"id": "good", "zh": "良好", "min_score": 80, "status": "assumed"},
        {"id": "fair", "zh": "合格", "min_score": 60, "status": "official"},
    ],
}


@pytest.fixture
def small():
    """Give a ruleset of two lines, 60 and 40 points, as its file reads; to be changed."""
    return copy.deepcopy(SMALL)
