"""Names of parameters that drivers know, so that hostshift may show their values.

A name that stands here is an option's, and no misspelled password's and no part of a secret. So
the list may lack names: their values are hidden. It is only for display and for reasons.

Names stand in lower case and without blanks, ``_``, ``-`` and ``.``. Sources: the manuals of the
drivers, and the options in the strings of other projects' tests (``tests/vectors/foreign``).
"""

from __future__ import annotations

from hostshift.dsn.dialects.adonet import keywords as net
from hostshift.dsn.dialects.libpq import keywords as libpq


def is_known(name: str) -> bool:
    """Return True if a driver knows a parameter of this name."""
    return plain(name) in _NAMES


def plain(name: str) -> str:
    """Return a name in lower case, without what drivers do not count or write differently."""
    return name.lower().translate(_FILL)


_FILL = {ord(character): None for character in " _-.+"}

_COMMON = """
    accept addr address alias alternatives app application applicationname appname autocommit
    catalog charset client clientid clientname collation compress compression config connect
    connectiontimeout connecttimeout create createdb database databasename db dbname debug
    dialect driver driverclassname dsn echo encoding encrypt encryption environment expect
    fetchsize flags format group groupname heartbeat host hostname hosts instance instancename
    isolation keepalive lang language level lifetime loc locale log logger logging logintimeout
    loglevel max maxsize min minsize mode name namespace network node nodes options params
    parsetime password path persistent ping pipeline pool pooling poolsize port ports prefix
    prepare principal product protocol proxy pwd query querytimeout readonly readtimeout
    reconnect region replica retries retry role schema schemas search secure security server
    serverid servername servers service servicename session sessionid sid socket sockettimeout
    source ssl sslca sslcert sslkey sslmode sslrootcert stream style table tag tags tenant test
    timeout timezone tls tlsmode tlsversion trace transport truststore truststoretype ttl type
    tz uid unicode unixsocket uri url user username useruser usessl verify version vhost
    virtualhost wait warehouse weight worker workers workstation writetimeout zone"""

_POSTGRESQL = """
    adaptivefetch allowencodingchanges assumeminserverversion binaryparameters binarytransfer
    binarytransferdisable binarytransferenable cancelsignaltimeout cleanupsavepoints
    connectionlimit connhealthchecks connmaxage currentschema databasemetadatacachefields
    datestyle defaultqueryexecmode defaultrowfetchsize descriptioncachecapacity
    disablecolumnsanitiser disableserversidecursors escapesyntaxcallmode gssencmode gsslib
    hideunprivilegedobjects hostrecheckseconds intervalstyle jaasapplicationname jaaslogin
    kerberosservername loadbalance loadbalancehosts lockttimeout logservererrordetail
    logunclosedconnections maxcachedstatementlifetime maxresultbuffer maxsendbuffersize
    pgbouncer poolhealthcheckperiod poolmaxconnidletime poolmaxconnlifetime poolmaxconns
    poolminconns preferquerymode preparedstatementcachequeries preparedstatementcachesize
    preparedstatementcachesizemib preparethreshold quotereturningidentifiers receivebuffersize
    replication rewritebatchedinserts searchpath sendbuffersize socketfactory socketfactoryarg
    sslfactory sslhostnameverifier sslnegotiation sslresponsetimeout sspiserviceclass
    statementcachecapacity statementcachesize statementtimeout stringtype targetservertype
    tcpkeepalive tcpnodelay unknownlength usespnego xmlfactoryfactory"""

_MYSQL = """
    allowallfiles allowcleartextpasswords allowfallbacktoplaintext allowloadlocalinfile
    allowmultiqueries allownativepasswords allowoldpasswords allowpublickeyretrieval
    assurereadonly autoreconnect autoreconnectforpools blanktablenamemeta cachecallablestmts
    cacheprepstmts cacheresultsetmetadata cacheserverconfiguration characterencoding
    characterset checkconnliveness clientfoundrows columnswithalias connectionattributes
    connectioncollation connectioncollationinput continuebatchonerror createdatabaseifnotexist
    datestrings defaultfetchsize defaultstatementtimeout disablepipeline dumpqueriesonexception
    elidesetautocommits emulateunsupportedpstmts enabledsslciphersuites enabledsslprotocolsuites
    enablepacketdebug enablequerytimeouts enabletlsprotocols ensuresocketstate failoverreadonly
    galeraallowedstate gtidslave includeinnodbstatusindeadlockexceptions
    includethreaddumpindeadlockexceptions initialtimeout initstmt insecureauth insertidincrement
    interpolateparams jdbccompliant jdbccompliantruncation localinfile maintaintimestats
    maxallowedpacket maxfieldsize maxqualitysizetolog maxquerysizetolog maxreconnects maxrows
    multistatements noaccesstoprocedurebodies noprompt nullcatalogmeanscurrent
    nulldatabasemeanscurrent oldmodenoprecision option optionsfile overridedefaultdatabase
    permitmysqlscheme pinglobaltxtophysicalconnection pooltimezone poolvalidmindelay
    prepstmtcachesize prepstmtcachesqllimit profilesql readonlypropagatestoserver
    registerjmxpool rejectreadonly retriesalldown returnmultivaluesgeneratedids
    rewritebatchedstatements roundrobinloadbalance serverpubkey serverrsapublickeyfile
    serversslcert servertimezone serviceprincipalname sessionvariables slowquerythresholdnanos
    sqlmode staticglobal strict supportbignumbers tcpabortiveclose tcpkeepcount tcpkeepidle
    tcpkeepinterval tinyint1isbit trackschema transactionisolation transactionreplay
    transactionreplaysize transformedbitisboolean unixsock useaffectedrows usebulkstmts
    usecatalogterm usecompression usecursorfetch usefractionalseconds useinformationschema
    usejdbccomplianttimezoneshift uselegacydatetimecode uselocalsessionstate
    uselocaltransactionstate usemysqlmetadata useoldaliasmetadatabehavior usepipelineauth
    usereadaheadinput useserverprepstmts usetimezone useunicode uuidvalue validconnectiontimeout
    verifyca verifyidentity verifyservercertificate yearisdatetype zerodatetimebehavior
    zlibcompressionlevel"""

_MSSQL = """
    ansidefaults ansinpw applicationclientid applicationintent async asynchronousprocessing
    attachdbfilename authentication authenticationscheme autotranslate bindingserver
    cachebulkcopymetadata calcbigdecimalprecision cancelquerytimeout clientcertificate
    clientidentifier columnencryption columnencryptionsetting concatnullyieldsnull
    connectretrycount connectretryinterval dataclassification datetimeparametertype
    delayloadinglobs dialtimeout disableretry disablestatementpooling domain
    enableprepareonfirstpreparedstatementcall epaenabled failoverpartner failoverport fedauth
    fips getdatafromclient guidconversion hostnameincertificate
    ignoreoffsetondatetimeoffsetconversion integratedsecurity ipaddresspreference isolationlevel
    jaasconfigurationname laststatement lastupdatecount locktimeout longasmax longdate
    marsconnection marssconnection msiclientid multipleactiveresultsets multisubnetfailover
    networklibrary notraceid packetsize pipe poolmax poolmin preparemethod preparesql
    querylogfile querylogon querylogtime quotedid realm regional responsebuffering retryconn
    retryexec selectmethod sendstringparametersasunicode
    sendtemporaldatatypesasstringforbulkcopy sendtimeasdatetime servercertificate
    serverpreparedstatementdiscardthreshold serverspn sslprotocol statementpoolingcachesize
    statsfile statslogfile statslogtime tdsport tdsversion tlsmin transparentnetworkipresolution
    trustedconnection trustmanagerclass trustmanagerconstructorarg trustsanysslcertificate
    trustservercertificate trustservercertificateca usebulkcopyforbatchinsert
    usedefaultgsscredential usedefaultjaasconfig usefmtonly uselobs usentlm usentlmv2
    vectortypesupport workstationid wsid xaemulation xopenstates"""

_OTHERS = """
    accountname allowmultivaluedparameters alternateservers
    assumeliteralnamesinmetadatacallsforbonnoncomformingclients astextbinary
    authenticationmechanism authmech autoadjust autoenlist binaryguid blobs blockcriteria
    blocksize buffered builtinroots busytimeout cache cachesize cancel charactersettranslation
    chunksize cipher clientencoding clientinfo clientlocale clientrequesttimeout clienttags
    codepage codetype connectiondirectory connectionmechanism connectstring connschema
    createifnotexists cryptoprotocolversion currentclientid currentlocktimeout
    currentpackagepath currentpackageset currentsqlid cursorhold custom databasetolower
    databasetoupper databasetype datefmt dbalias dbclosedelay dbcloseonexit dbcname dblocale dbq
    decimalpoint defaultschema deferprepares deploymode directory disablecompression dnsresolver
    emulationmode enablescrollablecursors encryptionalgorithm endpoint errors exahost execlookup
    explicitprepare extendedproperties extracredentials extraname failifpeercert fbaccessmode
    fetchrows filedsn fileencryptionkey fullymaterializelobdata httppath ifexists ignorecase
    informixserver instancenumber kerberosdelegation kerberosprincipal kerberosremoteservicename
    kerberosservicename krbhostfqdn krbrealm lazyclose libraries librarylist lobs lockmode
    logfile loginmethod logonmech logpath maxvarchar metadatasource minverify mvstore naming
    networktimeout nojournal nonkeywords odbcversion oldguids oldsyntax oltp optimize package
    packageset pagesize passthrough physicalconnectiontype plugin poolname portnumber
    preferipv4stack progressivestreaming prompt provider proxyuser queryblocksize queryid
    queuetimeout readbuffersize retrievemessagesfromserverongetmessage roles samplerate
    securitymechanism serverencoding servernode servicediscoverymode sessionproperties
    sessiontags settings shutdown shutdownserver socketkeepalive sparkserverprotocol
    sparkservertype splitbatchcommands splitcommands sslcertificate sslconnection
    sslhostnameincertificate ssltruststorelocation sslusesystemtruststore sslverification
    sslversion statementcache strictmode sysdba sysoper tcpip threadused timeformat tmode tmpdir
    tracedirectory tracefile tracefileappend tracelevel traceonly translatebinary transliterate
    transportmode truststorelocation tsptype unicodetranslation usecustomdecimals
    useformdataparameters usenativequery useonlysspi usesession validatecertificate wirecrypt
    writedelay zookeepernamespace"""

_STORES = """
    abortconnect accountendpoint acks acquiretimeout althosts authmechanism authsource backoff
    backup blobendpoint blobsecondaryendpoint blockedconnectiontimeout bootstrapservers broker
    cafile cancelonhafailover capath channelmax checkhealth clientclass compressionlevel
    compressors connectionattempts connectionclass connectionopenstrategy connectionpoolclass
    connecttimeoutms connmaxidletime connmaxlifetime connmaxopen connopenstrategy consumers
    dbnumber deadtimeout decode decoderesponses defaultdb defaultendpointsprotocol delay
    developmentstorageproxyuri directconnection discovery enableutf8validation endpointsuffix
    entitypath exchange exchangetype family fileendpoint filesecondaryendpoint frame framemax
    fsync ha healthcheck healthcheckinterval heartbeatfrequencyms heartbeatinterval idletimeout
    ignoreexc initialreconnectdelay j jms journal keyfunction lazy loadbalanced localthresholdms
    mastername maxattempts maxconnecting maxconnections maxexecutiontime maxidleconns
    maxidletimems maxinactivityduration maxopenconns maxpoolsize maxreconnectattempts
    maxreconnectdelay maxretries maxretrybackoff maxstalenessseconds minidleconns minpoolsize
    minretrybackoff nested nodelay noevict noreply operationtimeout pedantic peername
    persistentmessages pingtimeout platform poolfifo poolmaxidle pooltimeout prefetch
    prefetchcount priority publisherconfirms queueendpoint queuename queuesecondaryendpoint
    randomize readconcernlevel readpreference readpreferencetags rediscluster redissentinel
    replicaset requestedheartbeat retrycount retrydelay retryonerror retryontimeout retryreads
    retrywrites roundrobin safe sentinel sentinelservice servermonitoringmode
    serverselectiontimeoutms serverselectiontryonce skipverify slaveok socketconnecttimeout
    sockettimeoutms srvmaxhosts srvservicename sslcafile sslcertfile sslcertreqs sslcheck
    sslcheckhostname sslhost sslverifyidentity stackuse tableendpoint tablesecondaryendpoint
    tlsallowinvalidcertificates
    tlsallowinvalidhostnames tlscafile tlscrlfile tlsdisablecertificaterevocationcheck
    tlsdisableocspendpointcheck tlsinsecure topic transporttype ttlseconds
    usedevelopmentemulator usedevelopmentstorage usepooling uuidrepresentation verbose
    verifypeer visibilitytimeout w waitqueuemultiple waitqueuetimeoutms wireformat wtimeout
    wtimeoutms"""

_ORACLE = """
    cclass connectiontype dbaprivilege edition events expiretime externalauth failover haevents
    heterogeneouspool homogeneous httpsproxy httpsproxyport nencoding nochecktables poolboundary
    poolincrement poolmaxsessions poolminsessions poolpurity poolsessionmaxlifetime
    poolsessiontimeout poolwaittimeout purity sdu sourceroute ssllegacysubjectverification
    sslservercertdn sslserverdnmatch ssltrustcertificate standaloneconnection sysasm threaded
    tnsadmin transportconnecttimeout usesni usetcpfastopen walletlocation"""

_SECRETS = """
    accesskey accesstoken accountkey apikey authmechanismproperties authtoken
    certificatepassword clientcertificatepassword clientkeypassword clientsecret
    customhttpheaders initcommand initsql keypass keystorepassword keystoresecret passwd
    proxypassword secret secretkey sentinelpassword serverpassword sharedaccesskey
    sharedaccesskeyname sharedaccesssignature sslclientcertificatekeypassword sslkeypassword
    sslkeystorepassword sslpassword sslpwd ssltruststorepassword sspassword
    tlscertificatekeyfile tlscertificatekeyfilepassword token truststorepassword userpassword
    walletpassword"""
"""Their values are hidden all the same. But no name of these is the rest of another's value."""

_ALL = (_COMMON, _POSTGRESQL, _MYSQL, _MSSQL, _OTHERS, _STORES, _ORACLE, _SECRETS)
_NAMES = frozenset().union(
    (word for words in _ALL for word in words.lower().split()),
    map(plain, libpq.KEYWORDS | libpq.SETTINGS),
    *(net.SQLCLIENT, net.NPGSQL, net.MYSQL, net.ORACLE, net.SQLITE, net.GO_AND_NODE),
    *(net.EASYNETQ, net.CLICKHOUSE, net.FIREBIRD),
)
