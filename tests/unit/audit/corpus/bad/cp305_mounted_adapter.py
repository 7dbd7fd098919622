"""A blocking activity whose session retries five times below the surface."""

import requests
from requests.adapters import HTTPAdapter
from temporalio import activity
from urllib3.util.retry import Retry


@activity.defn
def fetch_prices(shop: str) -> list[float]:
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(total=5, status_forcelist=[502, 503])))  # finding: CP305
    return [float(price) for price in session.get(f"https://{shop}/prices", timeout=10).json()]
