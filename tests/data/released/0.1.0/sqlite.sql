-- The ledger of a varied history, as release 0.1.0 wrote it (schema 0001).
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE catalogue (
	image_key INTEGER NOT NULL, 
	received BLOB, 
	fingerprint BLOB NOT NULL, 
	state TEXT NOT NULL, 
	source TEXT NOT NULL, 
	image_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	valid_from TEXT NOT NULL, 
	valid_to TEXT, 
	opened_run_id INTEGER NOT NULL, 
	opened_as TEXT NOT NULL, 
	closed_run_id INTEGER, 
	closed_as TEXT, 
	first_seen_at TEXT NOT NULL, 
	unseen_at TEXT, 
	missing_since TEXT, 
	listing TEXT, 
	name TEXT, 
	description TEXT, 
	type TEXT, 
	status TEXT, 
	arch TEXT, 
	tag TEXT, 
	namespace TEXT, 
	workspace_id TEXT, 
	visibility TEXT, 
	origin TEXT, 
	service_type TEXT, 
	flavor_type TEXT, 
	size BIGINT, 
	swr_path TEXT, 
	swr_registry TEXT, 
	swr_organization TEXT, 
	swr_repository TEXT, 
	swr_tag TEXT, 
	swr_instance_id TEXT, 
	show_name TEXT, 
	show_tag TEXT, 
	status_message TEXT, 
	dev_services TEXT, 
	resource_categories TEXT, 
	tags TEXT, 
	created_at TEXT, 
	updated_at TEXT, 
	extra TEXT NOT NULL, 
	components TEXT NOT NULL, 
	CONSTRAINT pk_catalogue PRIMARY KEY (image_key), 
	CONSTRAINT ck_catalogue_open CHECK ((state = 'present') = (valid_to is null)), 
	CONSTRAINT ck_catalogue_closed_as CHECK (closed_as in ('removed', 'out_of_scope')), 
	CONSTRAINT ck_catalogue_opened_as CHECK (opened_as in ('added', 'changed', 'restored', 'in_scope')), 
	CONSTRAINT ck_catalogue_missing CHECK (state = 'present' or missing_since is null), 
	CONSTRAINT ck_catalogue_closed_state CHECK (state = 'present' or state = closed_as), 
	CONSTRAINT ck_catalogue_state CHECK (state in ('present', 'removed', 'out_of_scope')), 
	CONSTRAINT ck_catalogue_closed CHECK ((closed_as is null) = (valid_to is null)), 
	CONSTRAINT ck_catalogue_closed_run CHECK ((closed_run_id is null) = (valid_to is null)), 
	CONSTRAINT ck_catalogue_period CHECK (valid_to >= valid_from), 
	CONSTRAINT ck_catalogue_version CHECK (version >= 1), 
	CONSTRAINT uq_catalogue_source_image_id UNIQUE (source, image_id)
);
INSERT INTO "catalogue" VALUES(1,X'532D30D580E6071473A8816E1445723C',X'013C1A75B621522272F98A47915F50869C','removed','sample','00000000000000000000000000000000',3,'2026-09-01T12:00:02.000Z','2026-09-01T13:00:02.000Z',6,'changed',7,'removed','2026-09-01T07:00:02.000Z','2026-09-01T12:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,9686402048,'swr.example.com/atelier/pytorch:2.1.0-5','swr.example.com','atelier','pytorch','2.1.0-5',NULL,NULL,NULL,NULL,'["NOTEBOOK"]',NULL,'[{"key":"team","value":""}]','2021-12-03T00:23:57.303Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","20.04"]]');
INSERT INTO "catalogue" VALUES(2,X'F09B66C5D15A87C340371C5E4E31FE39',X'01E0C0A2570ED401DD351272A02DDAAC1A','out_of_scope','sample','00000000000000000000000000000001',2,'2026-09-01T09:00:02.000Z','2026-09-01T12:00:02.000Z',3,'changed',6,'out_of_scope','2026-09-01T07:00:02.000Z','2026-09-01T09:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,7714633184,'swr.example.com/atelier/pytorch:2.1.0-4','swr.example.com','atelier','pytorch','2.1.0-4',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-11T06:37:57.246Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(3,X'2CFAA940BA5FA577A25CAF3E069F7843',X'0133266C8C6F465D5AE3D1E7F05D8AB78B','present','sample','00000000000000000000000000000002',4,'2026-09-01T18:00:02.000Z',NULL,12,'changed',NULL,NULL,'2026-09-01T07:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,4270533497,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-07T21:41:35.933Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(4,X'C61ECBDBEB346481DF41E3FB389F62DA',X'017BCB832A1D58807F47CB4F3F19FD8679','out_of_scope','sample','00000000000000000000000000000003',4,'2026-09-01T10:00:02.000Z','2026-09-01T18:00:02.000Z',4,'changed',12,'out_of_scope','2026-09-01T07:00:02.000Z','2026-09-01T15:00:02.000Z',NULL,'BUILD_IN/0','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR','aarch64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,2185596104,'swr.example.com/atelier/pytorch:1.8.1-6','swr.example.com','atelier','pytorch','1.8.1-6',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-01T07:47:12.167Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","1.8.1"],["ubuntu","18.04"]]');
INSERT INTO "catalogue" VALUES(5,X'28EBBA31D04463382B2837F5D40DF2C7',X'01C781CCFBF70ECE9862DCC20A3D29E7E9','present','sample','00000000000000000000000000000004',5,'2026-09-01T19:00:02.000Z',NULL,13,'changed',NULL,NULL,'2026-09-01T07:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,3209479749,'swr.example.com/atelier/pytorch:1.8.1-8','swr.example.com','atelier','pytorch','1.8.1-8',NULL,NULL,NULL,NULL,'["NOTEBOOK"]',NULL,'[{"key":"team","value":"a"}]','2021-12-06T07:29:34.269Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","1.8.1"],["ubuntu","18.04"]]');
INSERT INTO "catalogue" VALUES(6,X'D4A43091BDF950D00B6E5C41A853CF99',X'01C2A13033EA45BDF1C9E9D2F1688B4926','out_of_scope','sample','00000000000000000000000000000005',3,'2026-09-01T14:00:02.000Z','2026-09-01T18:00:02.000Z',8,'in_scope',12,'out_of_scope','2026-09-01T07:00:02.000Z','2026-09-01T14:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,12326599756,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-06T02:53:08.862Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","20.04"]]');
INSERT INTO "catalogue" VALUES(7,X'24A6FCFF79ADEB77600EFA5A3F7B90F7',X'01614CB76D21C6DE1B508E2ECC1F7B84BF','removed','sample','0000000173f7ba8e0445d656de3a5db5',3,'2026-09-01T19:00:02.000Z','2026-09-01T20:00:02.000Z',13,'changed',14,'removed','2026-09-01T08:00:02.000Z','2026-09-01T19:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,7598086561,'swr.example.com/atelier/pytorch:2.1.0-6','swr.example.com','atelier','pytorch','2.1.0-6',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-10T04:00:38.400Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(8,X'AFE2010D1C0B3202ABB5B90F8248D837',X'01C33972FE693B24B785117D01FE672FFB','out_of_scope','sample','00000002fa1b1bf13879399bd50e0097',3,'2026-09-01T14:00:02.000Z','2026-09-01T18:00:02.000Z',8,'changed',12,'out_of_scope','2026-09-01T09:00:02.000Z','2026-09-01T14:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ERROR','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,9645844276,'swr.example.com/atelier/pytorch:2.1.0-1','swr.example.com','atelier','pytorch','2.1.0-1',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-11-30T08:19:40.937Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","20.04"]]');
INSERT INTO "catalogue" VALUES(9,X'8DCEFDA59D8EC1D7F99A9A3076B24B95',X'0198E3882AAFC469FD6B3050405CF3F18C','present','sample','00000003e65150b566fec086df229650',6,'2026-09-01T18:00:02.000Z',NULL,12,'changed',NULL,NULL,'2026-09-01T10:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,3008228468,'swr.example.com/atelier/pytorch:2.1.0-7','swr.example.com','atelier','pytorch','2.1.0-7',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-10T01:40:09.428Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","18.04"]]');
INSERT INTO "catalogue" VALUES(10,X'6C7D3DC188BEBD2C0419E5E7A886577E',X'019AC57C0B621A6F6D0687E91BCBECD25D','removed','sample','dddddddddddddddddddddddddddddddd',1,'2026-09-01T10:00:02.000Z','2026-09-01T10:00:02.000Z',4,'added',4,'removed','2026-09-01T10:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','DELETED','x86_64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,12273026861,'swr.example.com/atelier/pytorch:1.8.1-2','swr.example.com','atelier','pytorch','1.8.1-2',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-03T09:44:54.749Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","1.8.1"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(11,X'B42D6E9A507516BCF74CC212A4025482',X'0135A1C23EB5FAEEE167B02E137BE116D2','out_of_scope','sample','000000044ba955f3e40961505d698c8b',1,'2026-09-01T12:00:02.000Z','2026-09-01T18:00:02.000Z',6,'added',12,'out_of_scope','2026-09-01T12:00:02.000Z','2026-09-01T15:00:02.000Z',NULL,'BUILD_IN/0','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,1623667860,'swr.example.com/atelier/pytorch:1.8.1-8','swr.example.com','atelier','pytorch','1.8.1-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-03T09:48:16.824Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","1.8.1"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(12,X'94F5D4F7C9FDB0E6544A3693D5BDCA72',X'01906424F28FC1FD22FAB6744642E133EF','removed','sample','000000059e289761c8fea5d73716e7ea',2,'2026-09-01T18:00:02.000Z','2026-09-01T19:00:02.000Z',12,'changed',13,'removed','2026-09-01T13:00:02.000Z','2026-09-01T18:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,9482587310,'swr.example.com/atelier/pytorch:2.1.0-3','swr.example.com','atelier','pytorch','2.1.0-3',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-01T02:31:13.535Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(13,X'E3F410E469030E5ABF3C6C4C87FBAFB7',X'0110A7598F8BA92191FF826598EE60FEFD','out_of_scope','sample','00000006dbeef77adcd69029780587f0',2,'2026-09-01T16:00:02.000Z','2026-09-01T18:00:02.000Z',10,'changed',12,'out_of_scope','2026-09-01T14:00:02.000Z','2026-09-01T16:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,7071299328,'swr.example.com/atelier/pytorch:2.1.0-0','swr.example.com','atelier','pytorch','2.1.0-0',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-02T01:48:51.663Z',NULL,'{}','[["cuda","11.7"],["euleros","2.10.11"],["python","3.7"],["pytorch","2.1.0"]]');
INSERT INTO "catalogue" VALUES(14,X'24BAC7747B09F45090EAB2F6C880D0DA',X'01B9C84F4855FAD66C070160B96B09ED56','present','sample','000000072008749797f2a70223669676',3,'2026-09-01T20:00:02.000Z',NULL,14,'changed',NULL,NULL,'2026-09-01T15:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,17052362945,'swr.example.com/atelier/pytorch:2.1.0-5','swr.example.com','atelier','pytorch','2.1.0-5',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-08T01:14:40.865Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","18.04"]]');
INSERT INTO "catalogue" VALUES(15,X'815546FA84ABF0F42C6601EF71000DE0',X'0161B5F94DC20D9F28998A39EE134B4531','out_of_scope','sample','00000008c842c19ac1fbe94cb8378d82',1,'2026-09-01T16:00:02.000Z','2026-09-01T18:00:02.000Z',10,'added',12,'out_of_scope','2026-09-01T16:00:02.000Z','2026-09-01T16:00:02.000Z',NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,5915019122,'swr.example.com/atelier/pytorch:2.1.0-2','swr.example.com','atelier','pytorch','2.1.0-2',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-07T04:06:59.085Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","22.04"]]');
INSERT INTO "catalogue" VALUES(16,X'CE8C44F4687BB865CCBB1232DEDDDB41',X'01697E3BACBFDD0FA894331E588713B5A6','present','sample','000000093e0363339b0a6817f91c85fd',3,'2026-09-01T20:00:02.000Z',NULL,14,'changed',NULL,NULL,'2026-09-01T18:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ERROR','aarch64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,5937301158,'swr.example.com/atelier/pytorch:1.8.1-8','swr.example.com','atelier','pytorch','1.8.1-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-07T23:48:22.806Z',NULL,'{}','[["cuda","11.7"],["euleros","2.10.11"],["python","3.7"],["pytorch","1.8.1"]]');
INSERT INTO "catalogue" VALUES(17,X'813F080D01D7CC6869A5928FE455ACF7',X'012351930C8E51390AD12BD490375E2658','present','sample','0000000ac87868fa56e0a246663f423b',2,'2026-09-01T20:00:02.000Z',NULL,14,'changed',NULL,NULL,'2026-09-01T19:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,13616389895,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-06T15:11:37.452Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","20.04"]]');
INSERT INTO "catalogue" VALUES(18,X'B83562C828679ACFBB0D2397C2D10B7C',X'01AC7BD253B4EE86209BE5787FAEBC1469','present','sample','0000000b7c0b03ee4264d159d53dde5e',1,'2026-09-01T20:00:02.000Z',NULL,14,'added',NULL,NULL,'2026-09-01T20:00:02.000Z',NULL,NULL,'BUILD_IN/0','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,8633434326,'swr.example.com/atelier/pytorch:2.1.0-4','swr.example.com','atelier','pytorch','2.1.0-4',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-05T20:04:09.188Z',NULL,'{}','[["cuda","11.7"],["python","3.7"],["pytorch","2.1.0"],["ubuntu","18.04"]]');
CREATE TABLE field_changes (
	image_key INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	field TEXT NOT NULL, 
	old_value TEXT NOT NULL, 
	new_value TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	CONSTRAINT pk_field_changes PRIMARY KEY (image_key, version, field), 
	CONSTRAINT fk_field_changes_image_key FOREIGN KEY(image_key) REFERENCES catalogue (image_key)
);
INSERT INTO "field_changes" VALUES(6,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',2);
INSERT INTO "field_changes" VALUES(6,2,'status','"ERROR"','"ACTIVE"',2);
INSERT INTO "field_changes" VALUES(6,2,'arch','"x86_64"','"aarch64"',2);
INSERT INTO "field_changes" VALUES(6,2,'size','11760545872','12326599756',2);
INSERT INTO "field_changes" VALUES(6,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-1"','"swr.example.com/atelier/pytorch:2.1.0-8"',2);
INSERT INTO "field_changes" VALUES(6,2,'swr_tag','"2.1.0-1"','"2.1.0-8"',2);
INSERT INTO "field_changes" VALUES(6,2,'dev_services','["NOTEBOOK"]','[]',2);
INSERT INTO "field_changes" VALUES(6,2,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',2);
INSERT INTO "field_changes" VALUES(6,2,'created_at','"2021-12-06T13:37:37.853Z"','"2021-12-06T02:53:08.862Z"',2);
INSERT INTO "field_changes" VALUES(4,2,'status','"ERROR"','"ACTIVE"',2);
INSERT INTO "field_changes" VALUES(4,2,'arch','null','"aarch64"',2);
INSERT INTO "field_changes" VALUES(4,2,'size','4724465215','5026611534',2);
INSERT INTO "field_changes" VALUES(4,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-4"','"swr.example.com/atelier/pytorch:2.1.0-8"',2);
INSERT INTO "field_changes" VALUES(4,2,'swr_tag','"2.1.0-4"','"2.1.0-8"',2);
INSERT INTO "field_changes" VALUES(4,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',2);
INSERT INTO "field_changes" VALUES(4,2,'created_at','"2021-12-11T05:22:01.249Z"','"2021-12-09T16:04:07.419Z"',2);
INSERT INTO "field_changes" VALUES(1,2,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',3);
INSERT INTO "field_changes" VALUES(1,2,'status','"ACTIVE"','"ERROR"',3);
INSERT INTO "field_changes" VALUES(1,2,'size','14815451299','10069219529',3);
INSERT INTO "field_changes" VALUES(1,2,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-6"','"swr.example.com/atelier/pytorch:1.8.1-1"',3);
INSERT INTO "field_changes" VALUES(1,2,'swr_tag','"1.8.1-6"','"1.8.1-1"',3);
INSERT INTO "field_changes" VALUES(1,2,'created_at','"2021-12-06T03:45:36.588Z"','"2021-12-03T06:22:20.711Z"',3);
INSERT INTO "field_changes" VALUES(2,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',3);
INSERT INTO "field_changes" VALUES(2,2,'arch','null','"aarch64"',3);
INSERT INTO "field_changes" VALUES(2,2,'size','10502858029','7714633184',3);
INSERT INTO "field_changes" VALUES(2,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-3"','"swr.example.com/atelier/pytorch:2.1.0-4"',3);
INSERT INTO "field_changes" VALUES(2,2,'swr_tag','"2.1.0-3"','"2.1.0-4"',3);
INSERT INTO "field_changes" VALUES(2,2,'dev_services','["NOTEBOOK","SSH"]','[]',3);
INSERT INTO "field_changes" VALUES(2,2,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',3);
INSERT INTO "field_changes" VALUES(2,2,'created_at','"2021-11-30T08:54:32.676Z"','"2021-12-11T06:37:57.246Z"',3);
INSERT INTO "field_changes" VALUES(4,3,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',3);
INSERT INTO "field_changes" VALUES(4,3,'status','"ACTIVE"','"ERROR"',3);
INSERT INTO "field_changes" VALUES(4,3,'arch','"aarch64"','null',3);
INSERT INTO "field_changes" VALUES(4,3,'size','5026611534','14149738735',3);
INSERT INTO "field_changes" VALUES(4,3,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-8"','"swr.example.com/atelier/pytorch:2.1.0-5"',3);
INSERT INTO "field_changes" VALUES(4,3,'swr_tag','"2.1.0-8"','"2.1.0-5"',3);
INSERT INTO "field_changes" VALUES(4,3,'dev_services','[]','["SSH"]',3);
INSERT INTO "field_changes" VALUES(4,3,'created_at','"2021-12-09T16:04:07.419Z"','"2021-11-30T09:18:01.924Z"',3);
INSERT INTO "field_changes" VALUES(3,2,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',3);
INSERT INTO "field_changes" VALUES(3,2,'size','9591024697','14402202874',3);
INSERT INTO "field_changes" VALUES(3,2,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-3"','"swr.example.com/atelier/pytorch:1.8.1-4"',3);
INSERT INTO "field_changes" VALUES(3,2,'swr_tag','"1.8.1-3"','"1.8.1-4"',3);
INSERT INTO "field_changes" VALUES(3,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',3);
INSERT INTO "field_changes" VALUES(3,2,'created_at','"2021-12-11T14:35:33.410Z"','"2021-12-06T12:57:11.058Z"',3);
INSERT INTO "field_changes" VALUES(4,4,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',4);
INSERT INTO "field_changes" VALUES(4,4,'arch','null','"aarch64"',4);
INSERT INTO "field_changes" VALUES(4,4,'tag','"2.1.0"','"1.8.1"',4);
INSERT INTO "field_changes" VALUES(4,4,'size','14149738735','2185596104',4);
INSERT INTO "field_changes" VALUES(4,4,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-5"','"swr.example.com/atelier/pytorch:1.8.1-6"',4);
INSERT INTO "field_changes" VALUES(4,4,'swr_tag','"2.1.0-5"','"1.8.1-6"',4);
INSERT INTO "field_changes" VALUES(4,4,'dev_services','["SSH"]','[]',4);
INSERT INTO "field_changes" VALUES(4,4,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',4);
INSERT INTO "field_changes" VALUES(4,4,'created_at','"2021-11-30T09:18:01.924Z"','"2021-12-01T07:47:12.167Z"',4);
INSERT INTO "field_changes" VALUES(8,2,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',4);
INSERT INTO "field_changes" VALUES(8,2,'arch','"x86_64"','null',4);
INSERT INTO "field_changes" VALUES(8,2,'size','6001423821','15594802318',4);
INSERT INTO "field_changes" VALUES(8,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',4);
INSERT INTO "field_changes" VALUES(8,2,'created_at','"2021-12-06T20:42:53.983Z"','"2021-12-10T23:23:22.235Z"',4);
INSERT INTO "field_changes" VALUES(1,3,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',6);
INSERT INTO "field_changes" VALUES(1,3,'status','"ERROR"','"ACTIVE"',6);
INSERT INTO "field_changes" VALUES(1,3,'arch','"x86_64"','null',6);
INSERT INTO "field_changes" VALUES(1,3,'tag','"1.8.1"','"2.1.0"',6);
INSERT INTO "field_changes" VALUES(1,3,'size','10069219529','9686402048',6);
INSERT INTO "field_changes" VALUES(1,3,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-1"','"swr.example.com/atelier/pytorch:2.1.0-5"',6);
INSERT INTO "field_changes" VALUES(1,3,'swr_tag','"1.8.1-1"','"2.1.0-5"',6);
INSERT INTO "field_changes" VALUES(1,3,'dev_services','[]','["NOTEBOOK"]',6);
INSERT INTO "field_changes" VALUES(1,3,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',6);
INSERT INTO "field_changes" VALUES(1,3,'created_at','"2021-12-03T06:22:20.711Z"','"2021-12-03T00:23:57.303Z"',6);
INSERT INTO "field_changes" VALUES(9,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',6);
INSERT INTO "field_changes" VALUES(9,2,'status','"ACTIVE"','"ERROR"',6);
INSERT INTO "field_changes" VALUES(9,2,'arch','null','"x86_64"',6);
INSERT INTO "field_changes" VALUES(9,2,'size','10265231868','173518645',6);
INSERT INTO "field_changes" VALUES(9,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-8"','"swr.example.com/atelier/pytorch:2.1.0-2"',6);
INSERT INTO "field_changes" VALUES(9,2,'swr_tag','"2.1.0-8"','"2.1.0-2"',6);
INSERT INTO "field_changes" VALUES(9,2,'dev_services','["NOTEBOOK"]','[]',6);
INSERT INTO "field_changes" VALUES(9,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',6);
INSERT INTO "field_changes" VALUES(9,2,'created_at','"2021-12-07T16:49:32.309Z"','"2021-12-11T09:57:50.178Z"',6);
INSERT INTO "field_changes" VALUES(9,3,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"',7);
INSERT INTO "field_changes" VALUES(9,3,'status','"ERROR"','"ACTIVE"',7);
INSERT INTO "field_changes" VALUES(9,3,'size','173518645','12145171762',7);
INSERT INTO "field_changes" VALUES(9,3,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-2"','"swr.example.com/atelier/pytorch:2.1.0-0"',7);
INSERT INTO "field_changes" VALUES(9,3,'swr_tag','"2.1.0-2"','"2.1.0-0"',7);
INSERT INTO "field_changes" VALUES(9,3,'dev_services','[]','["NOTEBOOK","SSH"]',7);
INSERT INTO "field_changes" VALUES(9,3,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',7);
INSERT INTO "field_changes" VALUES(9,3,'created_at','"2021-12-11T09:57:50.178Z"','"2021-12-01T12:34:54.859Z"',7);
INSERT INTO "field_changes" VALUES(5,2,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',7);
INSERT INTO "field_changes" VALUES(5,2,'arch','"aarch64"','"x86_64"',7);
INSERT INTO "field_changes" VALUES(5,2,'tag','"1.8.1"','"2.1.0"',7);
INSERT INTO "field_changes" VALUES(5,2,'size','16675120324','12624147710',7);
INSERT INTO "field_changes" VALUES(5,2,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-8"','"swr.example.com/atelier/pytorch:2.1.0-2"',7);
INSERT INTO "field_changes" VALUES(5,2,'swr_tag','"1.8.1-8"','"2.1.0-2"',7);
INSERT INTO "field_changes" VALUES(5,2,'dev_services','["NOTEBOOK"]','["SSH"]',7);
INSERT INTO "field_changes" VALUES(5,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',7);
INSERT INTO "field_changes" VALUES(5,2,'created_at','"2021-12-03T02:39:04.548Z"','"2021-11-30T04:46:50.100Z"',7);
INSERT INTO "field_changes" VALUES(8,3,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',8);
INSERT INTO "field_changes" VALUES(8,3,'status','"ACTIVE"','"ERROR"',8);
INSERT INTO "field_changes" VALUES(8,3,'arch','null','"aarch64"',8);
INSERT INTO "field_changes" VALUES(8,3,'tag','"1.8.1"','"2.1.0"',8);
INSERT INTO "field_changes" VALUES(8,3,'size','15594802318','9645844276',8);
INSERT INTO "field_changes" VALUES(8,3,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-0"','"swr.example.com/atelier/pytorch:2.1.0-1"',8);
INSERT INTO "field_changes" VALUES(8,3,'swr_tag','"1.8.1-0"','"2.1.0-1"',8);
INSERT INTO "field_changes" VALUES(8,3,'created_at','"2021-12-10T23:23:22.235Z"','"2021-11-30T08:19:40.937Z"',8);
INSERT INTO "field_changes" VALUES(9,4,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',8);
INSERT INTO "field_changes" VALUES(9,4,'tag','"2.1.0"','"1.8.1"',8);
INSERT INTO "field_changes" VALUES(9,4,'size','12145171762','11353600353',8);
INSERT INTO "field_changes" VALUES(9,4,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-0"','"swr.example.com/atelier/pytorch:1.8.1-3"',8);
INSERT INTO "field_changes" VALUES(9,4,'swr_tag','"2.1.0-0"','"1.8.1-3"',8);
INSERT INTO "field_changes" VALUES(9,4,'dev_services','["NOTEBOOK","SSH"]','["SSH"]',8);
INSERT INTO "field_changes" VALUES(9,4,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',8);
INSERT INTO "field_changes" VALUES(9,4,'created_at','"2021-12-01T12:34:54.859Z"','"2021-12-04T03:51:17.286Z"',8);
INSERT INTO "field_changes" VALUES(9,5,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',9);
INSERT INTO "field_changes" VALUES(9,5,'arch','"x86_64"','null',9);
INSERT INTO "field_changes" VALUES(9,5,'tag','"1.8.1"','"2.1.0"',9);
INSERT INTO "field_changes" VALUES(9,5,'size','11353600353','17022612736',9);
INSERT INTO "field_changes" VALUES(9,5,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-3"','"swr.example.com/atelier/pytorch:2.1.0-6"',9);
INSERT INTO "field_changes" VALUES(9,5,'swr_tag','"1.8.1-3"','"2.1.0-6"',9);
INSERT INTO "field_changes" VALUES(9,5,'dev_services','["SSH"]','["NOTEBOOK","SSH"]',9);
INSERT INTO "field_changes" VALUES(9,5,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',9);
INSERT INTO "field_changes" VALUES(9,5,'created_at','"2021-12-04T03:51:17.286Z"','"2021-11-30T05:29:32.338Z"',9);
INSERT INTO "field_changes" VALUES(3,3,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',9);
INSERT INTO "field_changes" VALUES(3,3,'arch','null','"x86_64"',9);
INSERT INTO "field_changes" VALUES(3,3,'tag','"1.8.1"','"2.1.0"',9);
INSERT INTO "field_changes" VALUES(3,3,'size','14402202874','7256756058',9);
INSERT INTO "field_changes" VALUES(3,3,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-4"','"swr.example.com/atelier/pytorch:2.1.0-2"',9);
INSERT INTO "field_changes" VALUES(3,3,'swr_tag','"1.8.1-4"','"2.1.0-2"',9);
INSERT INTO "field_changes" VALUES(3,3,'dev_services','["NOTEBOOK","SSH"]','["SSH"]',9);
INSERT INTO "field_changes" VALUES(3,3,'created_at','"2021-12-06T12:57:11.058Z"','"2021-11-30T16:44:04.104Z"',9);
INSERT INTO "field_changes" VALUES(5,3,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',9);
INSERT INTO "field_changes" VALUES(5,3,'status','"ACTIVE"','"ERROR"',9);
INSERT INTO "field_changes" VALUES(5,3,'arch','"x86_64"','null',9);
INSERT INTO "field_changes" VALUES(5,3,'tag','"2.1.0"','"1.8.1"',9);
INSERT INTO "field_changes" VALUES(5,3,'size','12624147710','5039036505',9);
INSERT INTO "field_changes" VALUES(5,3,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-2"','"swr.example.com/atelier/pytorch:1.8.1-2"',9);
INSERT INTO "field_changes" VALUES(5,3,'swr_tag','"2.1.0-2"','"1.8.1-2"',9);
INSERT INTO "field_changes" VALUES(5,3,'dev_services','["SSH"]','[]',9);
INSERT INTO "field_changes" VALUES(5,3,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',9);
INSERT INTO "field_changes" VALUES(5,3,'created_at','"2021-11-30T04:46:50.100Z"','"2021-12-03T21:24:24.559Z"',9);
INSERT INTO "field_changes" VALUES(5,4,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',10);
INSERT INTO "field_changes" VALUES(5,4,'tag','"1.8.1"','"2.1.0"',10);
INSERT INTO "field_changes" VALUES(5,4,'size','5039036505','7436400655',10);
INSERT INTO "field_changes" VALUES(5,4,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-2"','"swr.example.com/atelier/pytorch:2.1.0-3"',10);
INSERT INTO "field_changes" VALUES(5,4,'swr_tag','"1.8.1-2"','"2.1.0-3"',10);
INSERT INTO "field_changes" VALUES(5,4,'dev_services','[]','["SSH"]',10);
INSERT INTO "field_changes" VALUES(5,4,'created_at','"2021-12-03T21:24:24.559Z"','"2021-12-02T21:22:43.067Z"',10);
INSERT INTO "field_changes" VALUES(13,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"',10);
INSERT INTO "field_changes" VALUES(13,2,'arch','"x86_64"','null',10);
INSERT INTO "field_changes" VALUES(13,2,'size','3131758161','7071299328',10);
INSERT INTO "field_changes" VALUES(13,2,'dev_services','["NOTEBOOK","SSH"]','[]',10);
INSERT INTO "field_changes" VALUES(13,2,'created_at','"2021-12-06T05:22:19.506Z"','"2021-12-02T01:48:51.663Z"',10);
INSERT INTO "field_changes" VALUES(7,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"',10);
INSERT INTO "field_changes" VALUES(7,2,'status','"ACTIVE"','"ERROR"',10);
INSERT INTO "field_changes" VALUES(7,2,'tag','"2.1.0"','"1.8.1"',10);
INSERT INTO "field_changes" VALUES(7,2,'size','6805207633','3308212158',10);
INSERT INTO "field_changes" VALUES(7,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-1"','"swr.example.com/atelier/pytorch:1.8.1-5"',10);
INSERT INTO "field_changes" VALUES(7,2,'swr_tag','"2.1.0-1"','"1.8.1-5"',10);
INSERT INTO "field_changes" VALUES(7,2,'dev_services','["NOTEBOOK","SSH"]','[]',10);
INSERT INTO "field_changes" VALUES(7,2,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',10);
INSERT INTO "field_changes" VALUES(7,2,'created_at','"2021-12-01T03:04:36.464Z"','"2021-12-01T00:04:55.326Z"',10);
INSERT INTO "field_changes" VALUES(9,6,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',12);
INSERT INTO "field_changes" VALUES(9,6,'status','"ACTIVE"','"ERROR"',12);
INSERT INTO "field_changes" VALUES(9,6,'arch','null','"x86_64"',12);
INSERT INTO "field_changes" VALUES(9,6,'size','17022612736','3008228468',12);
INSERT INTO "field_changes" VALUES(9,6,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-6"','"swr.example.com/atelier/pytorch:2.1.0-7"',12);
INSERT INTO "field_changes" VALUES(9,6,'swr_tag','"2.1.0-6"','"2.1.0-7"',12);
INSERT INTO "field_changes" VALUES(9,6,'dev_services','["NOTEBOOK","SSH"]','[]',12);
INSERT INTO "field_changes" VALUES(9,6,'created_at','"2021-11-30T05:29:32.338Z"','"2021-12-10T01:40:09.428Z"',12);
INSERT INTO "field_changes" VALUES(3,4,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',12);
INSERT INTO "field_changes" VALUES(3,4,'status','"ACTIVE"','"ERROR"',12);
INSERT INTO "field_changes" VALUES(3,4,'size','7256756058','4270533497',12);
INSERT INTO "field_changes" VALUES(3,4,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-2"','"swr.example.com/atelier/pytorch:2.1.0-8"',12);
INSERT INTO "field_changes" VALUES(3,4,'swr_tag','"2.1.0-2"','"2.1.0-8"',12);
INSERT INTO "field_changes" VALUES(3,4,'dev_services','["SSH"]','[]',12);
INSERT INTO "field_changes" VALUES(3,4,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',12);
INSERT INTO "field_changes" VALUES(3,4,'created_at','"2021-11-30T16:44:04.104Z"','"2021-12-07T21:41:35.933Z"',12);
INSERT INTO "field_changes" VALUES(14,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"',12);
INSERT INTO "field_changes" VALUES(14,2,'arch','null','"aarch64"',12);
INSERT INTO "field_changes" VALUES(14,2,'size','16890557772','6176716821',12);
INSERT INTO "field_changes" VALUES(14,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-0"','"swr.example.com/atelier/pytorch:2.1.0-7"',12);
INSERT INTO "field_changes" VALUES(14,2,'swr_tag','"2.1.0-0"','"2.1.0-7"',12);
INSERT INTO "field_changes" VALUES(14,2,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',12);
INSERT INTO "field_changes" VALUES(14,2,'created_at','"2021-12-07T07:15:50.524Z"','"2021-12-05T10:52:46.930Z"',12);
INSERT INTO "field_changes" VALUES(12,2,'arch','"aarch64"','null',12);
INSERT INTO "field_changes" VALUES(12,2,'size','1711781397','9482587310',12);
INSERT INTO "field_changes" VALUES(12,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-1"','"swr.example.com/atelier/pytorch:2.1.0-3"',12);
INSERT INTO "field_changes" VALUES(12,2,'swr_tag','"2.1.0-1"','"2.1.0-3"',12);
INSERT INTO "field_changes" VALUES(12,2,'dev_services','["SSH"]','[]',12);
INSERT INTO "field_changes" VALUES(12,2,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',12);
INSERT INTO "field_changes" VALUES(12,2,'created_at','"2021-12-03T04:50:07.404Z"','"2021-12-01T02:31:13.535Z"',12);
INSERT INTO "field_changes" VALUES(5,5,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',13);
INSERT INTO "field_changes" VALUES(5,5,'status','"ERROR"','"ACTIVE"',13);
INSERT INTO "field_changes" VALUES(5,5,'tag','"2.1.0"','"1.8.1"',13);
INSERT INTO "field_changes" VALUES(5,5,'size','7436400655','3209479749',13);
INSERT INTO "field_changes" VALUES(5,5,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-3"','"swr.example.com/atelier/pytorch:1.8.1-8"',13);
INSERT INTO "field_changes" VALUES(5,5,'swr_tag','"2.1.0-3"','"1.8.1-8"',13);
INSERT INTO "field_changes" VALUES(5,5,'dev_services','["SSH"]','["NOTEBOOK"]',13);
INSERT INTO "field_changes" VALUES(5,5,'tags','[{"key":"team","value":""}]','[{"key":"team","value":"a"}]',13);
INSERT INTO "field_changes" VALUES(5,5,'created_at','"2021-12-02T21:22:43.067Z"','"2021-12-06T07:29:34.269Z"',13);
INSERT INTO "field_changes" VALUES(16,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',13);
INSERT INTO "field_changes" VALUES(16,2,'arch','"x86_64"','null',13);
INSERT INTO "field_changes" VALUES(16,2,'size','2402493571','9450848988',13);
INSERT INTO "field_changes" VALUES(16,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-3"','"swr.example.com/atelier/pytorch:2.1.0-4"',13);
INSERT INTO "field_changes" VALUES(16,2,'swr_tag','"2.1.0-3"','"2.1.0-4"',13);
INSERT INTO "field_changes" VALUES(16,2,'created_at','"2021-12-07T21:25:06.034Z"','"2021-12-06T20:54:58.593Z"',13);
INSERT INTO "field_changes" VALUES(7,3,'name','"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64"',13);
INSERT INTO "field_changes" VALUES(7,3,'status','"ERROR"','"ACTIVE"',13);
INSERT INTO "field_changes" VALUES(7,3,'arch','null','"x86_64"',13);
INSERT INTO "field_changes" VALUES(7,3,'tag','"1.8.1"','"2.1.0"',13);
INSERT INTO "field_changes" VALUES(7,3,'size','3308212158','7598086561',13);
INSERT INTO "field_changes" VALUES(7,3,'swr_path','"swr.example.com/atelier/pytorch:1.8.1-5"','"swr.example.com/atelier/pytorch:2.1.0-6"',13);
INSERT INTO "field_changes" VALUES(7,3,'swr_tag','"1.8.1-5"','"2.1.0-6"',13);
INSERT INTO "field_changes" VALUES(7,3,'created_at','"2021-12-01T00:04:55.326Z"','"2021-12-10T04:00:38.400Z"',13);
INSERT INTO "field_changes" VALUES(14,3,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64"',14);
INSERT INTO "field_changes" VALUES(14,3,'status','"ACTIVE"','"ERROR"',14);
INSERT INTO "field_changes" VALUES(14,3,'size','6176716821','17052362945',14);
INSERT INTO "field_changes" VALUES(14,3,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-7"','"swr.example.com/atelier/pytorch:2.1.0-5"',14);
INSERT INTO "field_changes" VALUES(14,3,'swr_tag','"2.1.0-7"','"2.1.0-5"',14);
INSERT INTO "field_changes" VALUES(14,3,'dev_services','[]','["NOTEBOOK","SSH"]',14);
INSERT INTO "field_changes" VALUES(14,3,'created_at','"2021-12-05T10:52:46.930Z"','"2021-12-08T01:14:40.865Z"',14);
INSERT INTO "field_changes" VALUES(17,2,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"',14);
INSERT INTO "field_changes" VALUES(17,2,'arch','"aarch64"','null',14);
INSERT INTO "field_changes" VALUES(17,2,'size','3628045','13616389895',14);
INSERT INTO "field_changes" VALUES(17,2,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-7"','"swr.example.com/atelier/pytorch:2.1.0-8"',14);
INSERT INTO "field_changes" VALUES(17,2,'swr_tag','"2.1.0-7"','"2.1.0-8"',14);
INSERT INTO "field_changes" VALUES(17,2,'dev_services','["NOTEBOOK","SSH"]','[]',14);
INSERT INTO "field_changes" VALUES(17,2,'created_at','"2021-12-06T19:06:08.460Z"','"2021-12-06T15:11:37.452Z"',14);
INSERT INTO "field_changes" VALUES(16,3,'name','"pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64"','"pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64"',14);
INSERT INTO "field_changes" VALUES(16,3,'status','"ACTIVE"','"ERROR"',14);
INSERT INTO "field_changes" VALUES(16,3,'arch','null','"aarch64"',14);
INSERT INTO "field_changes" VALUES(16,3,'tag','"2.1.0"','"1.8.1"',14);
INSERT INTO "field_changes" VALUES(16,3,'size','9450848988','5937301158',14);
INSERT INTO "field_changes" VALUES(16,3,'swr_path','"swr.example.com/atelier/pytorch:2.1.0-4"','"swr.example.com/atelier/pytorch:1.8.1-8"',14);
INSERT INTO "field_changes" VALUES(16,3,'swr_tag','"2.1.0-4"','"1.8.1-8"',14);
INSERT INTO "field_changes" VALUES(16,3,'dev_services','["NOTEBOOK","SSH"]','[]',14);
INSERT INTO "field_changes" VALUES(16,3,'tags','[{"key":"team","value":"a"}]','[{"key":"team","value":""}]',14);
INSERT INTO "field_changes" VALUES(16,3,'created_at','"2021-12-06T20:54:58.593Z"','"2021-12-07T23:48:22.806Z"',14);
CREATE TABLE held_removals (
	source TEXT NOT NULL, 
	image_id TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	held_at TEXT NOT NULL, 
	name TEXT, 
	rule TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	evidence_detail TEXT NOT NULL, 
	released_run_id INTEGER, 
	released_at TEXT, 
	released_as TEXT, 
	CONSTRAINT pk_held_removals PRIMARY KEY (source, image_id, run_id), 
	CONSTRAINT ck_held_removals_released_as CHECK (released_as in ('removed', 'dismissed', 'withdrawn')), 
	CONSTRAINT ck_held_removals_rule CHECK (rule in ('max_count', 'max_percent', 'empty_listing')), 
	CONSTRAINT ck_held_removals_released CHECK ((released_at is null) = (released_as is null))
);
INSERT INTO "held_removals" VALUES('sample','00000000000000000000000000000001',4,'2026-09-01T10:00:02.000Z','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','max_percent','lookup_not_found','{"status":404}',6,'2026-09-01T12:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','00000000000000000000000000000004',4,'2026-09-01T10:00:02.000Z','pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64','max_percent','lookup_not_found','{"status":404}',6,'2026-09-01T12:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','00000000000000000000000000000005',4,'2026-09-01T10:00:02.000Z','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64','max_percent','lookup_not_found','{"status":404}',6,'2026-09-01T12:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','00000000000000000000000000000003',10,'2026-09-01T16:00:02.000Z','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64','max_percent','lookup_not_found','{"status":404}',12,'2026-09-01T18:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','00000000000000000000000000000005',10,'2026-09-01T16:00:02.000Z','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64','max_percent','lookup_not_found','{"status":404}',12,'2026-09-01T18:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','00000002fa1b1bf13879399bd50e0097',10,'2026-09-01T16:00:02.000Z','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64','max_percent','lookup_not_found','{"status":404}',12,'2026-09-01T18:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','000000044ba955f3e40961505d698c8b',10,'2026-09-01T16:00:02.000Z','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','max_percent','lookup_not_found','{"status":404}',12,'2026-09-01T18:00:02.000Z','withdrawn');
INSERT INTO "held_removals" VALUES('sample','000000059e289761c8fea5d73716e7ea',10,'2026-09-01T16:00:02.000Z','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','max_percent','lookup_not_found','{"status":404}',12,'2026-09-01T18:00:02.000Z','withdrawn');
CREATE TABLE image_removals (
	source TEXT NOT NULL, 
	image_id TEXT NOT NULL, 
	name TEXT, 
	swr_path TEXT, 
	version INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	removed_at TEXT NOT NULL, 
	last_seen_at TEXT NOT NULL, 
	missing_since TEXT, 
	evidence TEXT NOT NULL, 
	evidence_detail TEXT NOT NULL, 
	restored_at TEXT, 
	restored_run_id INTEGER, 
	CONSTRAINT pk_image_removals PRIMARY KEY (source, image_id, version), 
	CONSTRAINT ck_image_removals_evidence CHECK (evidence in ('lookup_not_found', 'lookup_deleted', 'listed_deleted', 'absent_twice')), 
	CONSTRAINT ck_image_removals_restored CHECK ((restored_at is null) = (restored_run_id is null))
);
INSERT INTO "image_removals" VALUES('sample','00000000000000000000000000000002','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64','swr.example.com/atelier/pytorch:1.8.1-3',1,2,'2026-09-01T08:00:02.000Z','2026-09-01T07:00:02.000Z','2026-09-01T08:00:02.000Z','lookup_not_found','{"error_code":"ModelArts.6404","request_id":"r-1","status":404}','2026-09-01T09:00:02.000Z',3);
INSERT INTO "image_removals" VALUES('sample','dddddddddddddddddddddddddddddddd','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','swr.example.com/atelier/pytorch:1.8.1-2',1,4,'2026-09-01T10:00:02.000Z','2026-09-01T10:00:02.000Z',NULL,'listed_deleted','{}',NULL,NULL);
INSERT INTO "image_removals" VALUES('sample','00000000000000000000000000000000','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64','swr.example.com/atelier/pytorch:2.1.0-5',3,7,'2026-09-01T13:00:02.000Z','2026-09-01T12:00:02.000Z','2026-09-01T13:00:02.000Z','lookup_not_found','{"error_code":"ModelArts.6404","request_id":"r-1","status":404}',NULL,NULL);
INSERT INTO "image_removals" VALUES('sample','000000059e289761c8fea5d73716e7ea','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','swr.example.com/atelier/pytorch:2.1.0-3',2,13,'2026-09-01T19:00:02.000Z','2026-09-01T18:00:02.000Z','2026-09-01T19:00:02.000Z','lookup_not_found','{"error_code":"ModelArts.6404","request_id":"r-1","status":404}',NULL,NULL);
INSERT INTO "image_removals" VALUES('sample','0000000173f7ba8e0445d656de3a5db5','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64','swr.example.com/atelier/pytorch:2.1.0-6',3,14,'2026-09-01T20:00:02.000Z','2026-09-01T19:00:02.000Z','2026-09-01T20:00:02.000Z','lookup_not_found','{"error_code":"ModelArts.6404","request_id":"r-1","status":404}',NULL,NULL);
CREATE TABLE rejects (
	reject_id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	image_id TEXT, 
	listing TEXT, 
	page INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	record TEXT NOT NULL, 
	record_bytes BIGINT NOT NULL, 
	record_digest TEXT NOT NULL, 
	rejected_at TEXT NOT NULL, 
	resolved_at TEXT, 
	CONSTRAINT pk_rejects PRIMARY KEY (reject_id)
);
INSERT INTO "rejects" VALUES(1,3,'sample','bad-2','BUILD_IN/0',0,6,'size: Expected `int | null`, got `str`','{"id": "bad-2", "size": "big"}',30,'c1f9a7d89b76a1a8fb1fadeb49c7e39e','2026-09-01T09:00:02.000Z',NULL);
INSERT INTO "rejects" VALUES(2,3,'sample',NULL,'BUILD_IN/0',0,7,'id: Expected `str`, got `int`','{"id": 7}',9,'dc3af1cc7aa6cc02f9cd5a0f40458422','2026-09-01T09:00:02.000Z',NULL);
INSERT INTO "rejects" VALUES(3,8,'sample','bad-6','BUILD_IN/0',0,7,'size: Expected `int | null`, got `str`','{"id": "bad-6", "size": "big"}',30,'7f8f70a231effc2ba543a99358cc6b13','2026-09-01T14:00:02.000Z',NULL);
INSERT INTO "rejects" VALUES(4,13,'sample','bad-10','BUILD_IN/0',0,7,'size: Expected `int | null`, got `str`','{"id": "bad-10", "size": "big"}',31,'05e409fc38366e04644481287959b9d8','2026-09-01T19:00:02.000Z',NULL);
CREATE TABLE source_fields (
	source TEXT NOT NULL, 
	field TEXT NOT NULL, 
	first_seen_at TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	CONSTRAINT pk_source_fields PRIMARY KEY (source, field)
);
CREATE TABLE source_runs (
	run_id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	status TEXT NOT NULL, 
	observed_at TEXT NOT NULL, 
	certificate TEXT NOT NULL, 
	walks BIGINT NOT NULL, 
	pages BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	retries BIGINT NOT NULL, 
	reported_total BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	added BIGINT NOT NULL, 
	changed BIGINT NOT NULL, 
	unchanged BIGINT NOT NULL, 
	removed BIGINT NOT NULL, 
	restored BIGINT NOT NULL, 
	in_scope BIGINT NOT NULL, 
	out_of_scope BIGINT NOT NULL, 
	held BIGINT NOT NULL, 
	missing BIGINT NOT NULL, 
	rejected BIGINT NOT NULL, 
	present BIGINT NOT NULL, 
	walk_detail TEXT NOT NULL, 
	coverage TEXT, 
	error_kind TEXT, 
	error_message TEXT, 
	error_request_id TEXT, 
	catalogue_digest TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	previous_digest TEXT, 
	CONSTRAINT pk_source_runs PRIMARY KEY (run_id, source), 
	CONSTRAINT ck_source_runs_certificate CHECK (certificate in ('exact', 'ordered', 'agreed', 'none')), 
	CONSTRAINT ck_source_runs_status CHECK (status in ('succeeded', 'partial', 'held', 'failed')), 
	CONSTRAINT fk_source_runs_run_id FOREIGN KEY(run_id) REFERENCES sync_runs (run_id), 
	CONSTRAINT uq_source_runs_source_observed_at UNIQUE (source, observed_at)
);
INSERT INTO "source_runs" VALUES(1,'sample','succeeded','2026-09-01T07:00:02.000Z','exact',1,1,0,0,0,6,6,0,0,0,0,0,0,0,0,0,6,'{}','',NULL,NULL,NULL,'50d0c2bcdee2017a7ac65140dae1d99fe5c67dc091171a70b0bbfc9df6efc682','c5e0e5daf85e1e68d1eff624b9ec11bd9c308159ad570808082fede1b4a604ff',NULL);
INSERT INTO "source_runs" VALUES(2,'sample','succeeded','2026-09-01T08:00:02.000Z','exact',1,1,0,0,0,6,1,2,3,1,0,0,0,0,0,0,6,'{}','',NULL,NULL,NULL,'34b90e4391fa2e9917b008e6a64dfb1f2ea33bdcbf426a5c8f12607933f3162f','1e89623325e845c64c016d831f98ce36fe6e08db8dc4c41fbda86e2e328a9ae1','c5e0e5daf85e1e68d1eff624b9ec11bd9c308159ad570808082fede1b4a604ff');
INSERT INTO "source_runs" VALUES(3,'sample','partial','2026-09-01T09:00:02.000Z','exact',1,1,0,0,0,7,1,3,1,0,1,0,0,0,2,2,8,'{}','',NULL,NULL,NULL,'ec5252159e643e17003c75c4c548e5ad2db2d1d3993430000647fee5ded8a53d','81f9b352746ebfe3bad80a89a58c0c47a3430bec9d9be37b8bf1a05a6b188232','1e89623325e845c64c016d831f98ce36fe6e08db8dc4c41fbda86e2e328a9ae1');
INSERT INTO "source_runs" VALUES(4,'sample','held','2026-09-01T10:00:02.000Z','exact',1,1,0,0,0,7,2,2,3,1,0,0,0,3,0,0,9,'{}','',NULL,NULL,NULL,'c7bca45f39d9dfb334984395ee8aa939938130257d92aa0878eaeca298082bba','353434de7d45be5140425e71ea794b053275c8112f8c6d739ec4ff3306a8bf30','81f9b352746ebfe3bad80a89a58c0c47a3430bec9d9be37b8bf1a05a6b188232');
INSERT INTO "source_runs" VALUES(5,'sample','failed','2026-09-01T11:00:02.000Z','none',1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,9,'{}','','unavailable','GET /v1/images: timed out','r-2','c7bca45f39d9dfb334984395ee8aa939938130257d92aa0878eaeca298082bba','8d12a33ea872fd87474f447409c1b98a518ef885ea74b27c5bb6472b1ba83a25','353434de7d45be5140425e71ea794b053275c8112f8c6d739ec4ff3306a8bf30');
INSERT INTO "source_runs" VALUES(6,'sample','succeeded','2026-09-01T12:00:02.000Z','exact',1,1,0,0,0,7,1,2,3,0,0,0,4,0,0,0,6,'{}','',NULL,NULL,NULL,'683300b30af04dd1aef5f3694aa76f705b6bc1662443ec1a531cd0b4c87eeaf7','bc1e36e5547b72b0885b44afa5db3c82aead57d00b43081f826c1c1226ba3a35','8d12a33ea872fd87474f447409c1b98a518ef885ea74b27c5bb6472b1ba83a25');
INSERT INTO "source_runs" VALUES(7,'sample','succeeded','2026-09-01T13:00:02.000Z','exact',1,1,0,0,0,7,1,1,4,1,0,1,0,0,0,0,7,'{}','',NULL,NULL,NULL,'aa4dec5a604aede31f05217cb2dab7859ed3503cc4f20beea722d14d704eaff3','53dbcbd37413b7154dec6648da469aeecb7a1390aef761482c912e3df6d23c2d','bc1e36e5547b72b0885b44afa5db3c82aead57d00b43081f826c1c1226ba3a35');
INSERT INTO "source_runs" VALUES(8,'sample','partial','2026-09-01T14:00:02.000Z','none',1,1,0,0,0,8,1,2,3,0,0,1,0,0,0,2,9,'{}','',NULL,NULL,NULL,'f8d5d24608bcbbd594d1fca6b61ec8b826442c40c0cad1e7fa3075bb3b09791d','af90f38f8db68ebbc713b49632c234770466b4c8730b9e010a5ff8ef705b137f','53dbcbd37413b7154dec6648da469aeecb7a1390aef761482c912e3df6d23c2d');
INSERT INTO "source_runs" VALUES(9,'sample','succeeded','2026-09-01T15:00:02.000Z','exact',1,1,0,0,0,7,1,3,3,0,0,0,0,0,3,0,10,'{}','',NULL,NULL,NULL,'34233b9f839554d865a4d6d18fbb3dca64ffb58179d0acc9152a89a6567934bc','2a33a69ae2bf613ad6378f70f73ab9d341e3ac5d4a2beda05a449c2362e7eb1e','af90f38f8db68ebbc713b49632c234770466b4c8730b9e010a5ff8ef705b137f');
INSERT INTO "source_runs" VALUES(10,'sample','held','2026-09-01T16:00:02.000Z','exact',1,1,0,0,0,7,1,2,3,0,0,1,0,5,0,0,12,'{}','',NULL,NULL,NULL,'b20b804ff65a68ec875a785167da2f27f9bb4e76f713bb86c448a6b39078167b','cd4fc9d3b554d342e13312e139ec0f00ab24d52925e178a2d5f8595d051ba034','2a33a69ae2bf613ad6378f70f73ab9d341e3ac5d4a2beda05a449c2362e7eb1e');
INSERT INTO "source_runs" VALUES(11,'sample','failed','2026-09-01T17:00:02.000Z','none',1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,12,'{}','','unavailable','GET /v1/images: timed out','r-2','b20b804ff65a68ec875a785167da2f27f9bb4e76f713bb86c448a6b39078167b','119fd99e6cd1587ad8b54e6671f545226fc570f461839e8e41ba7b83d596e9d5','cd4fc9d3b554d342e13312e139ec0f00ab24d52925e178a2d5f8595d051ba034');
INSERT INTO "source_runs" VALUES(12,'sample','succeeded','2026-09-01T18:00:02.000Z','exact',1,1,0,0,0,7,1,4,2,0,0,0,6,0,0,0,7,'{}','',NULL,NULL,NULL,'23bcabad4f93939b4bb7cb0f64d20938efa9166013751ff4715ad4457ad48112','a5acd8ea3e7dbda0c00b21010838eef7d300ab79e48825f4a56a14e5bae37b2a','119fd99e6cd1587ad8b54e6671f545226fc570f461839e8e41ba7b83d596e9d5');
INSERT INTO "source_runs" VALUES(13,'sample','partial','2026-09-01T19:00:02.000Z','exact',1,1,0,0,0,8,1,3,3,1,0,0,0,0,0,2,7,'{}','',NULL,NULL,NULL,'ce2542fe1141d451faaa4435e4cc963e0db809999ae1c26f6b30f92509e1582d','e60525718a9b1146a196ab538813e125db3e0725096e58bc8e09527c74357634','a5acd8ea3e7dbda0c00b21010838eef7d300ab79e48825f4a56a14e5bae37b2a');
INSERT INTO "source_runs" VALUES(14,'sample','succeeded','2026-09-01T20:00:02.000Z','exact',1,1,0,0,0,7,1,3,3,1,0,0,0,0,0,0,7,'{}','',NULL,NULL,NULL,'b65cd14e50487bb9a0a1e980b307efa298eed4426dc7fcebd1db751b88a78667','9e35cac727b91367e3fc779c860e58f327117638326c5de7b21f79b60d321d4b','e60525718a9b1146a196ab538813e125db3e0725096e58bc8e09527c74357634');
CREATE TABLE superseded (
	image_key INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	image_id TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	valid_from TEXT NOT NULL, 
	valid_to TEXT, 
	opened_run_id INTEGER NOT NULL, 
	opened_as TEXT NOT NULL, 
	closed_run_id INTEGER, 
	closed_as TEXT, 
	name TEXT, 
	description TEXT, 
	type TEXT, 
	status TEXT, 
	arch TEXT, 
	tag TEXT, 
	namespace TEXT, 
	workspace_id TEXT, 
	visibility TEXT, 
	origin TEXT, 
	service_type TEXT, 
	flavor_type TEXT, 
	size BIGINT, 
	swr_path TEXT, 
	swr_registry TEXT, 
	swr_organization TEXT, 
	swr_repository TEXT, 
	swr_tag TEXT, 
	swr_instance_id TEXT, 
	show_name TEXT, 
	show_tag TEXT, 
	status_message TEXT, 
	dev_services TEXT, 
	resource_categories TEXT, 
	tags TEXT, 
	created_at TEXT, 
	updated_at TEXT, 
	extra TEXT NOT NULL, 
	CONSTRAINT pk_superseded PRIMARY KEY (image_key, version), 
	CONSTRAINT ck_superseded_closed_as CHECK (closed_as in ('changed', 'removed', 'out_of_scope')), 
	CONSTRAINT ck_superseded_opened_as CHECK (opened_as in ('added', 'changed', 'restored', 'in_scope')), 
	CONSTRAINT ck_superseded_period CHECK (valid_to >= valid_from), 
	CONSTRAINT ck_superseded_closed CHECK (valid_to is not null and closed_run_id is not null), 
	CONSTRAINT fk_superseded_image_key FOREIGN KEY(image_key) REFERENCES catalogue (image_key)
);
INSERT INTO "superseded" VALUES(6,'sample','00000000000000000000000000000005',1,'2026-09-01T07:00:02.000Z','2026-09-01T08:00:02.000Z',1,'added',2,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ERROR','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,11760545872,'swr.example.com/atelier/pytorch:2.1.0-1','swr.example.com','atelier','pytorch','2.1.0-1',NULL,NULL,NULL,NULL,'["NOTEBOOK"]',NULL,'[{"key":"team","value":"a"}]','2021-12-06T13:37:37.853Z',NULL,'{}');
INSERT INTO "superseded" VALUES(4,'sample','00000000000000000000000000000003',1,'2026-09-01T07:00:02.000Z','2026-09-01T08:00:02.000Z',1,'added',2,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,4724465215,'swr.example.com/atelier/pytorch:2.1.0-4','swr.example.com','atelier','pytorch','2.1.0-4',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-11T05:22:01.249Z',NULL,'{}');
INSERT INTO "superseded" VALUES(1,'sample','00000000000000000000000000000000',1,'2026-09-01T07:00:02.000Z','2026-09-01T09:00:02.000Z',1,'added',3,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,14815451299,'swr.example.com/atelier/pytorch:1.8.1-6','swr.example.com','atelier','pytorch','1.8.1-6',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-06T03:45:36.588Z',NULL,'{}');
INSERT INTO "superseded" VALUES(2,'sample','00000000000000000000000000000001',1,'2026-09-01T07:00:02.000Z','2026-09-01T09:00:02.000Z',1,'added',3,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,10502858029,'swr.example.com/atelier/pytorch:2.1.0-3','swr.example.com','atelier','pytorch','2.1.0-3',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-11-30T08:54:32.676Z',NULL,'{}');
INSERT INTO "superseded" VALUES(4,'sample','00000000000000000000000000000003',2,'2026-09-01T08:00:02.000Z','2026-09-01T09:00:02.000Z',2,'changed',3,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,5026611534,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-09T16:04:07.419Z',NULL,'{}');
INSERT INTO "superseded" VALUES(3,'sample','00000000000000000000000000000002',1,'2026-09-01T07:00:02.000Z','2026-09-01T08:00:02.000Z',1,'added',2,'removed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,9591024697,'swr.example.com/atelier/pytorch:1.8.1-3','swr.example.com','atelier','pytorch','1.8.1-3',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-11T14:35:33.410Z',NULL,'{}');
INSERT INTO "superseded" VALUES(4,'sample','00000000000000000000000000000003',3,'2026-09-01T09:00:02.000Z','2026-09-01T10:00:02.000Z',3,'changed',4,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,14149738735,'swr.example.com/atelier/pytorch:2.1.0-5','swr.example.com','atelier','pytorch','2.1.0-5',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-11-30T09:18:01.924Z',NULL,'{}');
INSERT INTO "superseded" VALUES(8,'sample','00000002fa1b1bf13879399bd50e0097',1,'2026-09-01T09:00:02.000Z','2026-09-01T10:00:02.000Z',3,'added',4,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,6001423821,'swr.example.com/atelier/pytorch:1.8.1-0','swr.example.com','atelier','pytorch','1.8.1-0',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-06T20:42:53.983Z',NULL,'{}');
INSERT INTO "superseded" VALUES(1,'sample','00000000000000000000000000000000',2,'2026-09-01T09:00:02.000Z','2026-09-01T12:00:02.000Z',3,'changed',6,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR','x86_64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,10069219529,'swr.example.com/atelier/pytorch:1.8.1-1','swr.example.com','atelier','pytorch','1.8.1-1',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-03T06:22:20.711Z',NULL,'{}');
INSERT INTO "superseded" VALUES(9,'sample','00000003e65150b566fec086df229650',1,'2026-09-01T10:00:02.000Z','2026-09-01T12:00:02.000Z',4,'added',6,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,10265231868,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'["NOTEBOOK"]',NULL,'[{"key":"team","value":""}]','2021-12-07T16:49:32.309Z',NULL,'{}');
INSERT INTO "superseded" VALUES(9,'sample','00000003e65150b566fec086df229650',2,'2026-09-01T12:00:02.000Z','2026-09-01T13:00:02.000Z',6,'changed',7,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,173518645,'swr.example.com/atelier/pytorch:2.1.0-2','swr.example.com','atelier','pytorch','2.1.0-2',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-11T09:57:50.178Z',NULL,'{}');
INSERT INTO "superseded" VALUES(5,'sample','00000000000000000000000000000004',1,'2026-09-01T07:00:02.000Z','2026-09-01T12:00:02.000Z',1,'added',6,'out_of_scope','pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,16675120324,'swr.example.com/atelier/pytorch:1.8.1-8','swr.example.com','atelier','pytorch','1.8.1-8',NULL,NULL,NULL,NULL,'["NOTEBOOK"]',NULL,'[{"key":"team","value":""}]','2021-12-03T02:39:04.548Z',NULL,'{}');
INSERT INTO "superseded" VALUES(8,'sample','00000002fa1b1bf13879399bd50e0097',2,'2026-09-01T10:00:02.000Z','2026-09-01T14:00:02.000Z',4,'changed',8,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,15594802318,'swr.example.com/atelier/pytorch:1.8.1-0','swr.example.com','atelier','pytorch','1.8.1-0',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-10T23:23:22.235Z',NULL,'{}');
INSERT INTO "superseded" VALUES(9,'sample','00000003e65150b566fec086df229650',3,'2026-09-01T13:00:02.000Z','2026-09-01T14:00:02.000Z',7,'changed',8,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,12145171762,'swr.example.com/atelier/pytorch:2.1.0-0','swr.example.com','atelier','pytorch','2.1.0-0',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-01T12:34:54.859Z',NULL,'{}');
INSERT INTO "superseded" VALUES(6,'sample','00000000000000000000000000000005',2,'2026-09-01T08:00:02.000Z','2026-09-01T12:00:02.000Z',2,'changed',6,'out_of_scope','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,12326599756,'swr.example.com/atelier/pytorch:2.1.0-8','swr.example.com','atelier','pytorch','2.1.0-8',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-06T02:53:08.862Z',NULL,'{}');
INSERT INTO "superseded" VALUES(9,'sample','00000003e65150b566fec086df229650',4,'2026-09-01T14:00:02.000Z','2026-09-01T15:00:02.000Z',8,'changed',9,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,11353600353,'swr.example.com/atelier/pytorch:1.8.1-3','swr.example.com','atelier','pytorch','1.8.1-3',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-04T03:51:17.286Z',NULL,'{}');
INSERT INTO "superseded" VALUES(3,'sample','00000000000000000000000000000002',2,'2026-09-01T09:00:02.000Z','2026-09-01T15:00:02.000Z',3,'restored',9,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,14402202874,'swr.example.com/atelier/pytorch:1.8.1-4','swr.example.com','atelier','pytorch','1.8.1-4',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-06T12:57:11.058Z',NULL,'{}');
INSERT INTO "superseded" VALUES(5,'sample','00000000000000000000000000000004',2,'2026-09-01T13:00:02.000Z','2026-09-01T15:00:02.000Z',7,'in_scope',9,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,12624147710,'swr.example.com/atelier/pytorch:2.1.0-2','swr.example.com','atelier','pytorch','2.1.0-2',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-11-30T04:46:50.100Z',NULL,'{}');
INSERT INTO "superseded" VALUES(5,'sample','00000000000000000000000000000004',3,'2026-09-01T15:00:02.000Z','2026-09-01T16:00:02.000Z',9,'changed',10,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,5039036505,'swr.example.com/atelier/pytorch:1.8.1-2','swr.example.com','atelier','pytorch','1.8.1-2',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-03T21:24:24.559Z',NULL,'{}');
INSERT INTO "superseded" VALUES(13,'sample','00000006dbeef77adcd69029780587f0',1,'2026-09-01T14:00:02.000Z','2026-09-01T16:00:02.000Z',8,'added',10,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ERROR','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,3131758161,'swr.example.com/atelier/pytorch:2.1.0-0','swr.example.com','atelier','pytorch','2.1.0-0',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-06T05:22:19.506Z',NULL,'{}');
INSERT INTO "superseded" VALUES(7,'sample','0000000173f7ba8e0445d656de3a5db5',1,'2026-09-01T08:00:02.000Z','2026-09-01T12:00:02.000Z',2,'added',6,'out_of_scope','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,6805207633,'swr.example.com/atelier/pytorch:2.1.0-1','swr.example.com','atelier','pytorch','2.1.0-1',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-01T03:04:36.464Z',NULL,'{}');
INSERT INTO "superseded" VALUES(9,'sample','00000003e65150b566fec086df229650',5,'2026-09-01T15:00:02.000Z','2026-09-01T18:00:02.000Z',9,'changed',12,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,17022612736,'swr.example.com/atelier/pytorch:2.1.0-6','swr.example.com','atelier','pytorch','2.1.0-6',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-11-30T05:29:32.338Z',NULL,'{}');
INSERT INTO "superseded" VALUES(3,'sample','00000000000000000000000000000002',3,'2026-09-01T15:00:02.000Z','2026-09-01T18:00:02.000Z',9,'changed',12,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,7256756058,'swr.example.com/atelier/pytorch:2.1.0-2','swr.example.com','atelier','pytorch','2.1.0-2',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-11-30T16:44:04.104Z',NULL,'{}');
INSERT INTO "superseded" VALUES(14,'sample','000000072008749797f2a70223669676',1,'2026-09-01T15:00:02.000Z','2026-09-01T18:00:02.000Z',9,'added',12,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,16890557772,'swr.example.com/atelier/pytorch:2.1.0-0','swr.example.com','atelier','pytorch','2.1.0-0',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-07T07:15:50.524Z',NULL,'{}');
INSERT INTO "superseded" VALUES(12,'sample','000000059e289761c8fea5d73716e7ea',1,'2026-09-01T13:00:02.000Z','2026-09-01T18:00:02.000Z',7,'added',12,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,1711781397,'swr.example.com/atelier/pytorch:2.1.0-1','swr.example.com','atelier','pytorch','2.1.0-1',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-03T04:50:07.404Z',NULL,'{}');
INSERT INTO "superseded" VALUES(5,'sample','00000000000000000000000000000004',4,'2026-09-01T16:00:02.000Z','2026-09-01T19:00:02.000Z',10,'changed',13,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_22.04-x86_64',NULL,'BUILD_IN','ERROR',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,7436400655,'swr.example.com/atelier/pytorch:2.1.0-3','swr.example.com','atelier','pytorch','2.1.0-3',NULL,NULL,NULL,NULL,'["SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-02T21:22:43.067Z',NULL,'{}');
INSERT INTO "superseded" VALUES(16,'sample','000000093e0363339b0a6817f91c85fd',1,'2026-09-01T18:00:02.000Z','2026-09-01T19:00:02.000Z',12,'added',13,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_18.04-x86_64',NULL,'BUILD_IN','ACTIVE','x86_64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,2402493571,'swr.example.com/atelier/pytorch:2.1.0-3','swr.example.com','atelier','pytorch','2.1.0-3',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-07T21:25:06.034Z',NULL,'{}');
INSERT INTO "superseded" VALUES(7,'sample','0000000173f7ba8e0445d656de3a5db5',2,'2026-09-01T16:00:02.000Z','2026-09-01T19:00:02.000Z',10,'in_scope',13,'changed','pytorch_1.8.1-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ERROR',NULL,'1.8.1',NULL,NULL,NULL,NULL,NULL,NULL,3308212158,'swr.example.com/atelier/pytorch:1.8.1-5','swr.example.com','atelier','pytorch','1.8.1-5',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":""}]','2021-12-01T00:04:55.326Z',NULL,'{}');
INSERT INTO "superseded" VALUES(14,'sample','000000072008749797f2a70223669676',2,'2026-09-01T18:00:02.000Z','2026-09-01T20:00:02.000Z',12,'changed',14,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ACTIVE','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,6176716821,'swr.example.com/atelier/pytorch:2.1.0-7','swr.example.com','atelier','pytorch','2.1.0-7',NULL,NULL,NULL,NULL,'[]',NULL,'[{"key":"team","value":"a"}]','2021-12-05T10:52:46.930Z',NULL,'{}');
INSERT INTO "superseded" VALUES(17,'sample','0000000ac87868fa56e0a246663f423b',1,'2026-09-01T19:00:02.000Z','2026-09-01T20:00:02.000Z',13,'added',14,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-euleros_2.10.11-x86_64',NULL,'BUILD_IN','ERROR','aarch64','2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,3628045,'swr.example.com/atelier/pytorch:2.1.0-7','swr.example.com','atelier','pytorch','2.1.0-7',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":""}]','2021-12-06T19:06:08.460Z',NULL,'{}');
INSERT INTO "superseded" VALUES(16,'sample','000000093e0363339b0a6817f91c85fd',2,'2026-09-01T19:00:02.000Z','2026-09-01T20:00:02.000Z',13,'changed',14,'changed','pytorch_2.1.0-cuda_11.7-py_3.7-ubuntu_20.04-x86_64',NULL,'BUILD_IN','ACTIVE',NULL,'2.1.0',NULL,NULL,NULL,NULL,NULL,NULL,9450848988,'swr.example.com/atelier/pytorch:2.1.0-4','swr.example.com','atelier','pytorch','2.1.0-4',NULL,NULL,NULL,NULL,'["NOTEBOOK","SSH"]',NULL,'[{"key":"team","value":"a"}]','2021-12-06T20:54:58.593Z',NULL,'{}');
CREATE TABLE sync_runs (
	run_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	status TEXT NOT NULL, 
	exit_code INTEGER, 
	version TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	CONSTRAINT pk_sync_runs PRIMARY KEY (run_id), 
	CONSTRAINT ck_sync_runs_end CHECK ((status in ('running', 'abandoned')) or finished_at is not null), 
	CONSTRAINT ck_sync_runs_kind CHECK (kind in ('sync', 'approve', 'dismiss', 'replay')), 
	CONSTRAINT ck_sync_runs_status CHECK (status in ('running', 'succeeded', 'partial', 'held', 'failed', 'interrupted', 'abandoned'))
);
INSERT INTO "sync_runs" VALUES(1,'sync','2026-09-01T07:00:00.000Z','2026-09-01T07:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(2,'sync','2026-09-01T08:00:00.000Z','2026-09-01T08:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(3,'sync','2026-09-01T09:00:00.000Z','2026-09-01T09:00:03.000Z','partial',3,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(4,'sync','2026-09-01T10:00:00.000Z','2026-09-01T10:00:03.000Z','held',30,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(5,'sync','2026-09-01T11:00:00.000Z','2026-09-01T11:00:03.000Z','failed',11,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(6,'sync','2026-09-01T12:00:00.000Z','2026-09-01T12:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(7,'sync','2026-09-01T13:00:00.000Z','2026-09-01T13:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(8,'sync','2026-09-01T14:00:00.000Z','2026-09-01T14:00:03.000Z','partial',3,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(9,'sync','2026-09-01T15:00:00.000Z','2026-09-01T15:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(10,'sync','2026-09-01T16:00:00.000Z','2026-09-01T16:00:03.000Z','held',30,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(11,'sync','2026-09-01T17:00:00.000Z','2026-09-01T17:00:03.000Z','failed',11,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(12,'sync','2026-09-01T18:00:00.000Z','2026-09-01T18:00:03.000Z','succeeded',0,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(13,'sync','2026-09-01T19:00:00.000Z','2026-09-01T19:00:03.000Z','partial',3,'0.1.0','test',1);
INSERT INTO "sync_runs" VALUES(14,'sync','2026-09-01T20:00:00.000Z','2026-09-01T20:00:03.000Z','succeeded',0,'0.1.0','test',1);
CREATE INDEX ix_catalogue_absent ON catalogue (source, image_id, state) WHERE state <> 'present';
CREATE INDEX ix_catalogue_closed ON catalogue (closed_run_id) WHERE closed_run_id is not null;
CREATE INDEX ix_catalogue_missing ON catalogue (source) WHERE missing_since is not null;
CREATE INDEX ix_catalogue_name ON catalogue (name);
CREATE INDEX ix_catalogue_opened ON catalogue (opened_run_id);
CREATE INDEX ix_catalogue_swr_path ON catalogue (swr_path);
CREATE INDEX ix_catalogue_valid_from ON catalogue (valid_from);
CREATE UNIQUE INDEX uq_held_removals_open ON held_removals (source, image_id) WHERE released_at is null;
CREATE INDEX ix_image_removals_removed_at ON image_removals (removed_at);
CREATE INDEX ix_image_removals_run_id ON image_removals (run_id);
CREATE INDEX ix_rejects_run_id ON rejects (run_id);
CREATE UNIQUE INDEX uq_rejects_open ON rejects (source, record_digest, reason) WHERE resolved_at is null;
CREATE INDEX ix_field_changes_run_id ON field_changes (run_id);
CREATE INDEX ix_superseded_closed ON superseded (closed_run_id) WHERE closed_as <> 'changed';
CREATE INDEX ix_superseded_image ON superseded (source, image_id);
CREATE INDEX ix_superseded_opened ON superseded (opened_run_id);
CREATE INDEX ix_superseded_valid_from ON superseded (valid_from);
CREATE VIEW images as 
select
    c.source, c.image_id, c.state, c.name, c.description, c.type, c.status, c.arch, c.tag, c.namespace, c.workspace_id, c.visibility, c.origin, c.service_type, c.flavor_type, c.size, c.swr_path, c.swr_registry, c.swr_organization, c.swr_repository, c.swr_tag, c.swr_instance_id, c.show_name, c.show_tag, c.status_message, c.dev_services, c.resource_categories, c.tags, c.created_at, c.updated_at, c.extra,
    c.version, c.first_seen_at,
    case
        when c.unseen_at is not null and c.unseen_at > c.valid_from then c.unseen_at
        when c.unseen_at is null and w.walked_at > c.valid_from then w.walked_at
        else c.valid_from
    end as last_seen_at,
    c.valid_from as last_changed_at,
    c.missing_since,
    case when c.state = 'removed' then c.valid_to end as removed_at,
    c.listing
from catalogue as c
left join (
    select source, max(observed_at) as walked_at
    from source_runs
    where certificate <> 'none'
    group by source
) as w on w.source = c.source;
CREATE VIEW image_versions as select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from catalogue
union all
select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    name, description, type, status, arch, tag, namespace, workspace_id, visibility, origin, service_type, flavor_type, size, swr_path, swr_registry, swr_organization, swr_repository, swr_tag, swr_instance_id, show_name, show_tag, status_message, dev_services, resource_categories, tags, created_at, updated_at, extra, opened_as, closed_as, closed_run_id
from superseded;
CREATE VIEW image_changes as select opened_run_id as run_id, valid_from as at, source, image_id, name,
    opened_as as kind, cast(null as text) as field, cast(null as text) as old_value,
    cast(null as text) as new_value, version
from catalogue
where opened_as <> 'changed'
union all
select closed_run_id, valid_to, source, image_id, name,
    closed_as, cast(null as text), cast(null as text), cast(null as text), version
from catalogue
where closed_run_id is not null and closed_as <> 'changed'
union all
select opened_run_id as run_id, valid_from as at, source, image_id, name,
    opened_as as kind, cast(null as text) as field, cast(null as text) as old_value,
    cast(null as text) as new_value, version
from superseded
where opened_as <> 'changed'
union all
select closed_run_id, valid_to, source, image_id, name,
    closed_as, cast(null as text), cast(null as text), cast(null as text), version
from superseded
where closed_run_id is not null and closed_as <> 'changed'
union all
select f.run_id, v.valid_from, v.source, v.image_id, v.name,
    'changed', f.field, f.old_value, f.new_value, f.version
from field_changes as f
join catalogue as v on v.image_key = f.image_key and v.version = f.version
union all
select f.run_id, v.valid_from, v.source, v.image_id, v.name,
    'changed', f.field, f.old_value, f.new_value, f.version
from field_changes as f
join superseded as v on v.image_key = f.image_key and v.version = f.version;
CREATE VIEW image_dev_services as select c.source, c.image_id, each.value as dev_service
from catalogue as c, json_each(c.dev_services) as each;
CREATE VIEW image_resource_categories as select c.source, c.image_id, each.value as resource_category
from catalogue as c, json_each(c.resource_categories) as each;
CREATE VIEW image_tags as select c.source, c.image_id,
    json_extract(each.value, '$.key') as key, json_extract(each.value, '$.value') as value
from catalogue as c, json_each(c.tags) as each;
CREATE VIEW image_components as select c.source, c.image_id,
    json_extract(each.value, '$[0]') as component, json_extract(each.value, '$[1]') as version,
    c.state
from catalogue as c, json_each(c.components) as each;
COMMIT;
