"""The services that clients dial, by the words in the names of variables, as data.

Each row has the words of one kind with blanks around each, the protocol, the default port, and
who reads such variables. A word of several parts has an underscore. :mod:`.names` reads it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Row = tuple[str, str, int | None, str]

SERVICES: tuple[Row, ...] = (
    # --- databases ---
    (
        " PG POSTGRES POSTGRESQL POSTGRESDB PSQL PGSQL PGBOUNCER PGVECTOR ",
        *("postgresql", 5432, "libpq; the images of PostgreSQL; n8n; Dify"),
    ),
    (" TIMESCALE TIMESCALEDB ", "postgresql", 5432, "TimescaleDB's examples"),
    (" COCKROACH COCKROACHDB ", "postgresql", 26257, "CockroachDB's examples"),
    (" MYSQL MARIADB PMA ", "mysql", 3306, "the images of MySQL and phpMyAdmin"),
    (" MSSQL SQLSERVER ", "mssql", 1433, "go-mssqldb's and Node's examples"),
    (" ORACLE ORACLEDB ", "oracle", 1521, "python-oracledb's examples"),
    # HTTP is at 8123 and the native protocol at 9000: only a port variable shows which.
    (" CLICKHOUSE ", "clickhouse", None, "Langfuse, PostHog, Plausible"),
    (" MONGO MONGODB ", "mongodb", 27017, "mongo-express, LibreChat"),
    (" REDIS VALKEY KEYDB DRAGONFLY ", "redis", 6379, "Laravel, Rails, Airflow, Dify"),
    (" SENTINEL SENTINELS ", "redis", 26379, "Dify, GitLab, Mastodon"),
    (" MEMCACHED MEMCACHE MEMCACHIER ", "memcached", 11211, "Laravel; Dalli"),
    (" NEO4J MEMGRAPH ", "neo4j", 7687, "Neo4j's drivers, LangChain"),
    (" CASSANDRA SCYLLA SCYLLADB ", "cassandra", 9042, "Spring, Jaeger"),
    (" COUCHDB ", "http", 5984, "CouchDB's examples"),
    (" ARANGO ARANGODB ", "http", 8529, "python-arango"),
    (" DYNAMODB DYNAMO ", "http", 8000, "DynamoDB local"),
    (" SURREAL SURREALDB ", "http", 8000, "SurrealDB's clients"),
    (" INFLUX INFLUXDB INFLUXDB2 ", "http", 8086, "influx, Telegraf"),
    (" QUESTDB DRUID TRINO PRESTO ", "http", None, "their clients"),
    (" OCEANBASE OPENGAUSS TIDB HIVE NEBULA ", "", None, "Dify, LightRAG"),
    (" COUCHBASE ", "", 11210, "Couchbase's SDKs"),
    (" HSQL HSQLDB ", "hsqldb", 9001, "HSQLDB's examples"),
    (" MYSCALE RELYT MATRIXONE PGVECTO_RS TABLESTORE LINDORM ", "", None, "Dify"),
    (" DB DATABASE SQL DATASOURCE ", "", None, "Laravel, Django, WordPress"),
    # --- queues, brokers, coordination ---
    (" RABBIT RABBITMQ RMQ AMQP ", "amqp", 5672, "Spring, NestJS, Symfony"),
    (" KAFKA REDPANDA BOOTSTRAP ", "kafka", 9092, "Java's clients, Spring, kafkajs"),
    (" SCHEMA_REGISTRY SCHEMAREGISTRY ", "http", 8081, "Confluent's clients"),
    (" KAFKA_CONNECT KAFKA_REST ", "http", 8083, "Confluent's tools"),
    (" NATS ", "nats", 4222, "nats.go, NestJS"),
    (" PULSAR ", "pulsar", 6650, "pulsar-client"),
    (" MQTT MOSQUITTO EMQX ", "mqtt", 1883, "paho, NestJS"),
    (" STOMP ", "stomp", 61613, "Spring, stomp.py"),
    (" ACTIVEMQ ARTEMIS ", "", 61616, "Spring's properties"),
    (" BEANSTALK BEANSTALKD ", "beanstalk", 11300, "Laravel"),
    (" GEARMAN ", "", 4730, "Gearman's clients"),
    (" NSQ NSQD ", "", 4150, "go-nsq"),
    (" NSQLOOKUPD ", "http", 4161, "go-nsq"),
    (" ZOOKEEPER ", "", 2181, "Kafka's and Solr's clients"),
    (" ETCD ETCDCTL ", "http", 2379, "etcdctl, APISIX"),
    (" CONSUL CONSUL_HTTP ", "http", 8500, "hashicorp/consul, api.HTTPAddrEnvName"),
    (" VAULT ", "http", 8200, "hashicorp/vault, api.EnvVaultAddress"),
    (" NOMAD ", "http", 4646, "hashicorp/nomad, api.DefaultConfig"),
    (" TEMPORAL ", "grpc", 7233, "Temporal's SDKs, envconfig"),
    (" CADENCE ZEEBE ", "grpc", None, "their clients"),
    (" CELERY BROKER QUEUE CACHE ", "", None, "Celery, Django, Laravel"),
    # --- search and vectors ---
    (" ELASTIC ELASTICSEARCH ES ", "http", 9200, "Kibana, Spring, Laravel Scout"),
    (" OPENSEARCH ", "http", 9200, "Dashboards, Dify"),
    (" HAYSTACK HAYSTACK_CONNECTIONS ", "http", None, "django-haystack"),
    (" SOLR ", "http", 8983, "CKAN, Drupal"),
    (" MEILI MEILISEARCH ", "http", 7700, "Laravel Scout, LibreChat"),
    (" TYPESENSE ", "http", 8108, "Laravel Scout"),
    (" SONIC MANTICORE MANTICORESEARCH SPHINX ", "", None, "their clients"),
    (" QDRANT ", "http", 6333, "qdrant-client, Dify, Open WebUI"),
    (" WEAVIATE ", "http", 8080, "Dify, Verba"),
    (" CHROMA CHROMADB CHROMA_HTTP ", "http", 8000, "chromadb, Open WebUI, Dify"),
    (" RAGFLOW ", "http", None, "deer-flow"),
    (" MILVUS ", "http", 19530, "pymilvus, Dify"),
    (" VESPA MARQO ", "http", None, "their clients"),
    # --- objects, and what stands in for clouds ---
    (" S3 MINIO R2 ", "http", None, "MinIO's clients, Rails, Laravel"),
    (" AWS SQS SNS SES KINESIS ", "http", None, "AWS' SDKs, service-specific endpoints"),
    (" LOCALSTACK ", "http", 4566, "LocalStack's SDKs"),
    (" AZURITE COSMOS COSMOSDB AZURE_STORAGE AZURE_BLOB ", "http", None, "Azure's SDKs"),
    # --- models ---
    (" OLLAMA ", "http", 11434, "Open WebUI, LangChain, Langflow"),
    (" OPENAI AZURE_OPENAI ANTHROPIC ", "http", None, "openai-python, anthropic-sdk-python"),
    (" LITELLM VLLM LMSTUDIO LM_STUDIO LLAMACPP LLAMA_CPP ", "http", None, "LobeChat, RAGFlow"),
    (" LOCALAI LOCAL_AI XINFERENCE KOBOLDCPP LLAMAFILE ", "http", None, "AnythingLLM"),
    (" LLM EMBEDDING EMBEDDINGS RERANK RERANKER TEI TGI ", "http", None, "LightRAG, Mem0"),
    (" HUGGINGFACE HF DEEPSEEK MISTRAL GROQ GEMINI COHERE ", "http", None, "their clients"),
    (" WHISPER STT TTS ", "http", None, "Open WebUI, LibreChat"),
    (" COMFYUI AUTOMATIC1111 STABLE_DIFFUSION SD_WEBUI ", "http", None, "Open WebUI, LibreChat"),
    # --- helpers of back ends ---
    (" TIKA TIKA_SERVER ", "http", 9998, "Paperless-ngx, Open WebUI"),
    (" GOTENBERG DOCLING FIRECRAWL UNSTRUCTURED CRAWL4AI ", "http", None, "Paperless, Dify"),
    (" BROWSERLESS SELENIUM PUPPETEER FLARESOLVERR ", "http", None, "Flowise, Firecrawl"),
    (" PADDLEOCR PADDLEOCR_VL OPENSERP SEARXNG SEARXNG_QUERY ", "http", None, "Open WebUI"),
    (" CODE_EXECUTION PLUGIN_DAEMON ", "http", None, "Dify"),
    (" LANGUAGETOOL LIBRETRANSLATE ", "http", None, "their clients"),
    (" CLAMAV CLAMD ANTIVIRUS ", "", 3310, "Nextcloud, OpenProject"),
    # --- mail, directories, files ---
    (" SMTP MAILER MAILHOG MAILPIT ", "smtp", 25, "Symfony, Mastodon, Grafana"),
    (" MAIL EMAIL ", "smtp", 25, "Laravel, Django, NextAuth"),
    (" IMAP ", "imap", 143, "Zammad, Roundcube"),
    (" LDAP ", "ldap", 389, "GitLab, Keycloak, Grafana"),
    (" SFTP ", "ssh", 22, "Laravel"),
    (" FTP ", "ftp", 21, "Laravel"),
    # --- telemetry ---
    (
        " OTEL OTLP OTEL_EXPORTER OTEL_EXPORTER_OTLP OPEN_TELEMETRY ",
        "http",
        None,
        "OpenTelemetry's SDKs",
    ),
    (" JAEGER ZIPKIN LOKI PUSHGATEWAY ", "http", None, "Jaeger, Grafana"),
    (" PROMETHEUS ", "http", 9090, "Grafana, Thanos"),
    (" STATSD DOGSTATSD ", "statsd", 8125, "statsd clients, Airflow"),
    (" DD_AGENT DD_TRACE DD_DOGSTATSD DATADOG_AGENT ", "http", 8126, "ddtrace"),
    (" GRAPHITE LOGSTASH GELF GRAYLOG FLUENTD FLUENTBIT ", "", None, "their clients"),
    # --- data and machine learning ---
    (" MLFLOW MLFLOW_TRACKING MLFLOW_S3 MLFLOW_REGISTRY ", "http", 5000, "mlflow"),
    (" PREFECT ", "http", 4200, "prefect, PREFECT_API_URL"),
    (" SPARK RAY DASK FLINK LIVY ", "", None, "their clients"),
    (" LANGFUSE ", "http", 3000, "langfuse-python"),
    (" UNLEASH OPENFGA OPA CERBOS ", "http", None, "their clients"),
    (" SPRING_CLOUD_CONFIG ", "http", 8888, "Spring Cloud Config"),
    (" EUREKA_CLIENT_SERVICEURL ", "http", 8761, "Spring Cloud Netflix"),
)

ALWAYS: tuple[tuple[str, str, str], ...] = (
    ("AWS_ENDPOINT_URL*", "http", "AWS' SDKs, service-specific endpoints"),
    ("*BOOTSTRAPSERVERS", "kafka", "kafbat/kafka-ui, Micronaut"),
    ("*_EMULATOR_HOST", "grpc", "google-cloud-python: Pub/Sub, Firestore, Spanner, Bigtable, …"),
    ("CONNECTIONSTRINGS_*", "", ".NET's configuration, GetConnectionString"),
    ("AIRFLOW_CONN_*", "", "Airflow's connections"),
    ("HTTP_PROXY", "http", "curl(1), urllib, Go's http.ProxyFromEnvironment"),
    ("HTTPS_PROXY", "http", "the same"),
    ("ALL_PROXY", "http", "curl(1), httpx"),
    ("FTP_PROXY", "http", "curl(1), urllib"),
    ("*_SERVICEURL_DEFAULTZONE", "http", "Spring Cloud Netflix"),
    ("*_CONTACT_POINTS", "cassandra", "Spring's spring.cassandra.contact-points"),
    ("SPRING_CLOUD_*_URI", "http", "Spring Cloud"),
    ("ADMINER_DEFAULT_SERVER", "", "Adminer's image"),
)
"""Names and patterns that no words explain, with the protocol and who reads them."""

BOTH: tuple[tuple[str, str], ...] = (
    ("OLLAMA_HOST", "ollama serve binds it, and its clients dial it"),
    ("MEILI_HTTP_ADDR", "Meilisearch binds it"),
    ("MINIO_ADDRESS", "MinIO binds it"),
    ("MINIO_CONSOLE_ADDRESS", "MinIO binds it"),
    ("MINIO_SERVER_URL", "browsers get it from MinIO in signed links"),
    ("SEARXNG_BASE_URL", "browsers get it from SearXNG"),
    ("OTEL_EXPORTER_PROMETHEUS_*", "the SDK binds it, and Prometheus dials it"),
    ("MLFLOW_HOST", "mlflow server binds it"),
    ("CHROMA_SERVER_HOST", "Chroma's server binds it"),
    ("PREFECT_SERVER_*", "Prefect's server binds it"),
    ("PREFECT_UI_*", "browsers get it from Prefect"),
    ("TEMPORAL_UI_*", "browsers get it"),
    ("VLLM_HOST*", "vLLM binds it"),
    ("LOCALAI_ADDRESS", "LocalAI binds it"),
    ("LITELLM_HOST", "LiteLLM binds it"),
    ("VAULT_API_ADDR", "Vault announces it to its clients"),
    ("VAULT_CLUSTER_ADDR", "Vault announces it to its cluster"),
    ("CASSANDRA_*_ADDRESS", "Cassandra binds it or announces it"),
    ("KAFKA_CFG_*", "Kafka's image configures its server with it"),
    ("DOCKER_HOST", "hostshift itself finds the engine with it"),
    ("ETCD_*_URLS", "etcd binds it or announces it"),
    ("ETCD_INITIAL_*", "etcd announces it"),
)
"""Names and patterns of variables that a server reads as well, with how."""
