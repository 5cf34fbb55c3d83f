"""Names that show that back ends dial a local URL, and names beside them that do not."""

from __future__ import annotations

import pytest

from hostshift.environment import find
from hostshift.environment.model import Pair

DIALLED = (
    "AUTH_SERVICE_URL=http://localhost:3001",
    "PAYMENT_SERVICE_BASE_URL=http://127.0.0.1:8081",
    "AI_MICROSERVICE_URL=http://host.docker.internal:8001",
    "ML_API_URL=http://localhost:5000/predict",
    "CODE_EXECUTOR_URL=http://localhost:8000",
    "AI_ENGINE_URL=http://localhost:3001/api/v1",
    "ETHEREUM_JSONRPC_WS_URL=ws://localhost:8546",
    "SPRING_SECURITY_OAUTH2_RESOURCESERVER_JWT_JWK_SET_URI=http://localhost:8180/certs",
    "IDENTITY_SERVICE=identity:8080",
    "IDENTITY_SERVICE=127.0.0.1:8080",
    "GRPC_GOV_GATEWAY=gov-gateway-grpc:5000",
    "services__catalog__http__0=http://localhost:5001",
    "RedisSettings__ConnectionString=localhost:6379",
    "RabbitMqSettings__Host=localhost",
    "Redis__Configuration=localhost:6379",
    "Seq__ServerUrl=http://localhost:5341",
    "TYK_DB_REDISADDRS=tyk-redis:6379",
    "SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR=localhost:8848",
    "EUREKA_CLIENT_SERVICE_URL_DEFAULTZONE=http://localhost:8761/eureka",
    "KAFKA_BROKERCONNECT=localhost:9092",
    "ELASTIC_APM_SERVER_URL=http://localhost:8200",
    "HYDRA_ADMIN_URL=http://localhost:4445",
    "GOTRUE_TRACING_HOST=127.0.0.1",
    "REDIS_ADDR=:6379",
)
STAYING = (
    # callbacks, links, and what browsers get
    "CAS_SERVICE_URL=http://localhost:3000/callback",
    "TERMS_OF_SERVICE_URL=http://localhost:3000/terms",
    "SAML_ASSERTION_CONSUMER_SERVICE_URL=http://localhost:3001",
    "WEB_SERVICE_URL=http://localhost:3000",
    "FRONTEND_SERVICE_URL=http://localhost:3000",
    "AUTH_SERVICE_PUBLIC_URL=http://localhost:3001",
    "AUTH_SERVICE_LOGIN_URL=http://localhost:3001",
    "NEXT_PUBLIC_AUTH_SERVICE_URL=http://localhost:3001",
    "VITE_RPC_URL=http://localhost:8545",
    "ENGINE_ADMIN_URL=http://localhost:9000",
    "GENERATOR_PUBLIC_URL=http://localhost:9000",
    "CRAWLER_WEBHOOK_URL=http://localhost:9000",
    "SCHEDULER_UI_URL=http://localhost:9000",
    "KRATOS_PUBLIC_URL=http://localhost:4433",
    "MERCURE_PUBLIC_URL=http://localhost/.well-known/mercure",
    "TRACING_UI_URL=http://localhost:16686",
    "EmailSettings__SiteUrl=http://localhost:3000",
    "AppSettings__BaseUrl=http://localhost:3000",
    # the application's own
    "SERVICE_URL=http://localhost:3000",
    "SERVICE_API_URL=http://localhost:5001",
    "MY_SERVICE_URL=http://localhost:3000",
    "APP_ENGINE_URL=http://localhost:3000",
    # third parties, and what a proxy serves
    "AUTH_SERVICE_URL=https://auth.example.com",
    "JWKS_URI=https://x.auth0.com/.well-known/jwks.json",
    "WORKER_URL=https://worker.example.workers.dev",
    "PAY_SERVICE_URL=http://localhost/pay",
    # what servers bind or announce
    "SERVER_ADDRESS=:9090",
    "METRICS_ADDR=:2112",
    "PROMETHEUS_ADDR=:9090",
    "USER_SERVICE_ADDR=localhost:50051",
    "AUTH_GRPC_URL=localhost:50051",
    "RPC_ADDR=localhost:8545",
    "RPC_LADDR=tcp://127.0.0.1:26657",
    "MY_SERVICE=localhost:8080",
    "NACOS_SERVERS=localhost:8848",
    "EUREKA_INSTANCE_HOSTNAME=eureka",
    "SPICEDB_GRPC_ADDR=localhost:50051",
    "TYK_DB_HOSTCONFIG_HOSTNAME=localhost",
    # names and tags of images
    "SQL_SERVICE=mssql:22",
    "AUTH_SERVICE=auth:v1",
    "XMPP_DOMAIN=localhost",
    # templates
    "HUB_URL=http://hub:${HUB_PORT}/x",
)


def _touched(*lines: str) -> set[str]:
    environ = {name: value for name, _, value in (line.partition("=") for line in lines)}
    return {
        place.host if isinstance(place, Pair) else place.name for place in find.touched(environ)
    }


@pytest.mark.parametrize("line", DIALLED)
def test_what_back_ends_dial_is_touched(line: str) -> None:
    assert _touched(line)


@pytest.mark.parametrize("line", STAYING)
def test_what_looks_like_it_stays(line: str) -> None:
    assert not _touched(line)


@pytest.mark.parametrize("own", ["PORT=3001", "SERVER_PORT=3001"])
def test_the_url_of_the_process_itself_stays(own: str) -> None:
    assert not _touched("AUTH_SERVICE_URL=http://localhost:3001", own)
    assert _touched("AUTH_SERVICE_URL=http://localhost:3002", own) == {"AUTH_SERVICE_URL"}
