SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.lifecircle_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            RAISE EXCEPTION '% of % is never changed', TG_ARGV[0], TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END$$;

CREATE FUNCTION public.lifecircle_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('lifecircle.tenant'::text, true), ''::text))::uuid;

CREATE FUNCTION public.lifecircle_user() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('lifecircle.user'::text, true), ''::text))::uuid;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.api_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_hash text NOT NULL,
    scopes jsonb DEFAULT '[]'::jsonb NOT NULL,
    expires_at timestamp with time zone,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.api_tokens FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL,
    prev_hash text NOT NULL,
    hash text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.audit_events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.dataset_versions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    dataset_id uuid NOT NULL,
    number integer NOT NULL,
    digest text NOT NULL,
    rows integer NOT NULL,
    bbox jsonb NOT NULL,
    as_of date,
    importer_key text NOT NULL,
    importer_version text NOT NULL,
    options jsonb NOT NULL,
    upload_id uuid,
    quality jsonb NOT NULL,
    state text NOT NULL,
    by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_dataset_versions_state CHECK ((state = ANY (ARRAY['accepted'::text, 'withdrawn'::text])))
);

ALTER TABLE ONLY public.dataset_versions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.datasets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_datasets_kind CHECK ((kind = ANY (ARRAY['streets'::text, 'residents'::text, 'outlets'::text, 'areas'::text])))
);

ALTER TABLE ONLY public.datasets FORCE ROW LEVEL SECURITY;

CREATE TABLE public.import_problems (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    upload_id uuid NOT NULL,
    row_no integer NOT NULL,
    column_name text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    english text NOT NULL,
    value text NOT NULL,
    severity text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.import_problems FORCE ROW LEVEL SECURITY;

CREATE TABLE public.jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    payload jsonb NOT NULL,
    result jsonb NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL,
    lease_until timestamp with time zone,
    dispatched_at timestamp with time zone,
    stage text NOT NULL,
    percent integer NOT NULL,
    stages jsonb NOT NULL,
    error_class text NOT NULL,
    message text NOT NULL,
    english text NOT NULL,
    by uuid,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_jobs_kind CHECK ((kind = ANY (ARRAY['import'::text, 'run'::text]))),
    CONSTRAINT ck_jobs_percent CHECK (((percent >= 0) AND (percent <= 100))),
    CONSTRAINT ck_jobs_state CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.jobs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.memberships (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_memberships_role CHECK ((role = ANY (ARRAY['bureau_admin'::text, 'bureau_staff'::text, 'street_officer'::text, 'community_worker'::text, 'operator'::text, 'surveyor'::text, 'reviewer'::text, 'auditor'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;

CREATE TABLE public.reviews (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    submission_id uuid NOT NULL,
    of_tenant_id uuid NOT NULL,
    verdict text NOT NULL,
    comment text NOT NULL,
    by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_reviews_verdict CHECK ((verdict = ANY (ARRAY['accepted'::text, 'returned'::text])))
);

ALTER TABLE ONLY public.reviews FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_coverage (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    area_key text NOT NULL,
    format_key text NOT NULL,
    group_key text NOT NULL,
    minutes double precision NOT NULL,
    people integer NOT NULL,
    covered integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_run_coverage_covered CHECK (((0 <= covered) AND (covered <= people)))
);

ALTER TABLE ONLY public.run_coverage FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_gaps (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    format_key text NOT NULL,
    rank integer NOT NULL,
    area_key text NOT NULL,
    people integer NOT NULL,
    homes integer NOT NULL,
    minutes_limit double precision NOT NULL,
    worst_minutes double precision,
    median_minutes double precision,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    outline bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    groups jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_run_gaps_people CHECK ((people >= 0))
);

ALTER TABLE ONLY public.run_gaps FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_inputs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    role text NOT NULL,
    dataset_version_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.run_inputs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_lines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    area_key text NOT NULL,
    line_key text NOT NULL,
    "position" integer NOT NULL,
    line jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.run_lines FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_scores (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    area_key text NOT NULL,
    area_name text NOT NULL,
    area_kind text NOT NULL,
    people integer NOT NULL,
    points_low double precision NOT NULL,
    points_high double precision NOT NULL,
    out_of double precision NOT NULL,
    grade text,
    grade_name text NOT NULL,
    pending jsonb NOT NULL,
    notes jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.run_scores FORCE ROW LEVEL SECURITY;

CREATE TABLE public.runs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    fingerprint text NOT NULL,
    label text NOT NULL,
    ruleset_key text NOT NULL,
    ruleset_version text NOT NULL,
    ruleset_digest text NOT NULL,
    params jsonb NOT NULL,
    plan jsonb NOT NULL,
    state text NOT NULL,
    fault_message text,
    people integer,
    points_low double precision,
    points_high double precision,
    out_of double precision,
    grade text,
    grade_name text NOT NULL,
    pending jsonb NOT NULL,
    notes jsonb NOT NULL,
    summary jsonb NOT NULL,
    result_digest text,
    minutes_digest text,
    stage_seconds jsonb NOT NULL,
    kernel_version text NOT NULL,
    by uuid,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_runs_fault CHECK (((state = 'failed'::text) = (fault_message IS NOT NULL))),
    CONSTRAINT ck_runs_state CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.runs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.scenarios (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    name text NOT NULL,
    edits jsonb DEFAULT '[]'::jsonb NOT NULL,
    undone jsonb DEFAULT '[]'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_scenarios_version CHECK ((version > 0))
);

ALTER TABLE ONLY public.scenarios FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sign_in_links (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.submissions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    to_tenant_id uuid NOT NULL,
    state text NOT NULL,
    summary jsonb NOT NULL,
    summary_digest text NOT NULL,
    submitted_by uuid,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_submissions_state CHECK ((state = ANY (ARRAY['submitted'::text, 'withdrawn'::text])))
);

ALTER TABLE ONLY public.submissions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.tenant_plugins (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    plugin_key text NOT NULL,
    state text NOT NULL,
    settings jsonb NOT NULL,
    locked_for_children boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tenant_plugins_state CHECK ((state = ANY (ARRAY['on'::text, 'off'::text, 'suspended'::text])))
);

ALTER TABLE ONLY public.tenant_plugins FORCE ROW LEVEL SECURITY;

CREATE TABLE public.tenants (
    id uuid NOT NULL,
    parent_id uuid,
    level text NOT NULL,
    code text,
    slug text NOT NULL,
    name text NOT NULL,
    english text DEFAULT ''::text NOT NULL,
    path text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    parent_sees text DEFAULT 'submitted'::text NOT NULL,
    sample boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tenants_level CHECK ((level = ANY (ARRAY['nation'::text, 'province'::text, 'city'::text, 'district'::text, 'street'::text]))),
    CONSTRAINT ck_tenants_parent_sees CHECK ((parent_sees = ANY (ARRAY['nothing'::text, 'submitted'::text, 'all'::text]))),
    CONSTRAINT ck_tenants_state CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'merged'::text])))
);

CREATE TABLE public.uploads (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    filename text NOT NULL,
    media text NOT NULL,
    bytes bigint NOT NULL,
    digest text NOT NULL,
    by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.uploads FORCE ROW LEVEL SECURITY;

CREATE TABLE public.users (
    id uuid NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    failed integer NOT NULL,
    locked_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

INSERT INTO public.alembic_version (version_num) VALUES ('0004');

INSERT INTO public.api_tokens (tenant_id, id, user_id, name, token_hash, scopes, expires_at, used_at, revoked_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f56-71ab-bae7-49d935fcb722', '01a2133f-6f4a-7090-9684-f06654a75343', 'x', 'x', '[]', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.api_tokens (tenant_id, id, user_id, name, token_hash, scopes, expires_at, used_at, revoked_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f70-701f-936a-bb8d7aa3e412', '01a2133f-6f4a-7090-9684-f067029e5e0e', 'x', 'x', '[]', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.audit_events (tenant_id, id, number, at, actor_id, action, subject, details, prev_hash, hash, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f58-755c-8059-1120ce88721a', 0, '2026-11-25 15:07:34.103163+00', '01a2133f-6f58-755c-8059-111d83b14ca2', 'x', 'x', '{}', 'x', 'x', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.audit_events (tenant_id, id, number, at, actor_id, action, subject, details, prev_hash, hash, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f71-76b0-a701-06f3a29f1eaf', 0, '2026-11-25 15:07:34.128891+00', '01a2133f-6f71-76b0-a701-06f0c09667f7', 'x', 'x', '{}', 'x', 'x', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.dataset_versions (tenant_id, id, dataset_id, number, digest, rows, bbox, as_of, importer_key, importer_version, options, upload_id, quality, state, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f64-74b9-be52-0ee35a797593', '01a2133f-6f59-70e7-85c5-9f75db157740', 0, 'x', 0, '{}', NULL, 'x', 'x', '{}', '01a2133f-6f62-74d6-bec8-fb9a9b73541e', '{}', 'accepted', '01a2133f-6f63-7502-abd3-38071bcb10c7', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.dataset_versions (tenant_id, id, dataset_id, number, digest, rows, bbox, as_of, importer_key, importer_version, options, upload_id, quality, state, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f75-756b-b6bd-35790cbeccf9', '01a2133f-6f71-76b0-a701-06f69004300e', 0, 'x', 0, '{}', NULL, 'x', 'x', '{}', '01a2133f-6f75-756b-b6bd-3574103feb46', '{}', 'accepted', '01a2133f-6f75-756b-b6bd-3575ce732fbe', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.datasets (tenant_id, id, kind, name, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f59-70e7-85c5-9f75db157740', 'streets', 'x', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.datasets (tenant_id, id, kind, name, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f71-76b0-a701-06f69004300e', 'streets', 'x', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.import_problems (tenant_id, id, job_id, upload_id, row_no, column_name, code, message, english, value, severity, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f66-7260-9cd5-d962b7e0c094', '01a2133f-6f5a-737b-b64d-39acbeb84e4c', '01a2133f-6f62-74d6-bec8-fb9a9b73541e', 0, 'x', 'x', 'x', 'x', 'x', 'x', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.import_problems (tenant_id, id, job_id, upload_id, row_no, column_name, code, message, english, value, severity, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f76-73ea-908c-f2a23cbc4d03', '01a2133f-6f72-7029-a39f-2291bdfa4821', '01a2133f-6f75-756b-b6bd-3574103feb46', 0, 'x', 'x', 'x', 'x', 'x', 'x', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.jobs (tenant_id, id, kind, subject_id, idempotency_key, payload, result, state, attempt, lease_until, dispatched_at, stage, percent, stages, error_class, message, english, by, started_at, ended_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f5a-737b-b64d-39acbeb84e4c', 'import', '01a2133f-6f5a-737b-b64d-39aba3315f9d', 'x', '{}', '{}', 'queued', 0, '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', 'x', 0, '{}', 'x', 'x', 'x', '01a2133f-6f5a-737b-b64d-39a8e634612e', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.jobs (tenant_id, id, kind, subject_id, idempotency_key, payload, result, state, attempt, lease_until, dispatched_at, stage, percent, stages, error_class, message, english, by, started_at, ended_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f72-7029-a39f-2291bdfa4821', 'import', '01a2133f-6f72-7029-a39f-2290846e38dd', 'x', '{}', '{}', 'queued', 0, '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', 'x', 0, '{}', 'x', 'x', 'x', '01a2133f-6f72-7029-a39f-228d112589fb', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.memberships (tenant_id, id, user_id, role, expires_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f5c-76e2-8d04-9a4b6d90f315', '01a2133f-6f4a-7090-9684-f06654a75343', 'bureau_admin', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.memberships (tenant_id, id, user_id, role, expires_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f73-704e-9ff7-802377e0f532', '01a2133f-6f4a-7090-9684-f067029e5e0e', 'bureau_admin', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.reviews (tenant_id, id, submission_id, of_tenant_id, verdict, comment, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f7a-7193-9e52-b36d847287f0', '01a2133f-6f79-722e-8906-620e7955f094', '01a2133f-6f4a-7090-9684-f067029e5e0e', 'accepted', 'x', '01a2133f-6f7a-7193-9e52-b36897aec0ca', '2026-11-25 15:07:34.138665+00', '2026-11-25 15:07:34.138665+00');
INSERT INTO public.reviews (tenant_id, id, submission_id, of_tenant_id, verdict, comment, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f7c-7065-8fba-f440fc379518', '01a2133f-6f6e-7412-b604-fa5e70f7048f', '01a2133f-6f4a-7090-9684-f06654a75343', 'accepted', 'x', '01a2133f-6f7c-7065-8fba-f43b73be5cdf', '2026-11-25 15:07:34.140864+00', '2026-11-25 15:07:34.140864+00');

INSERT INTO public.run_coverage (tenant_id, id, run_id, area_key, format_key, group_key, minutes, people, covered, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f67-728d-b641-8d5e5bb74b21', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', 'x', 'x', 0, 0, 0, '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.run_coverage (tenant_id, id, run_id, area_key, format_key, group_key, minutes, people, covered, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f76-73ea-908c-f2a6b2aab0d3', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', 'x', 'x', 0, 0, 0, '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.run_gaps (tenant_id, id, run_id, format_key, rank, area_key, people, homes, minutes_limit, worst_minutes, median_minutes, lon, lat, outline, created_at, updated_at, groups) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f68-7123-b5a6-c16ff5b929ea', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', 0, 'x', 0, 0, 0, 0, 0, 0, 0, '\x', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '{}');
INSERT INTO public.run_gaps (tenant_id, id, run_id, format_key, rank, area_key, people, homes, minutes_limit, worst_minutes, median_minutes, lon, lat, outline, created_at, updated_at, groups) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f77-73a5-84d3-99b87997c2f6', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', 0, 'x', 0, 0, 0, 0, 0, 0, 0, '\x', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '{}');

INSERT INTO public.run_inputs (tenant_id, id, run_id, role, dataset_version_id, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f6f-7096-91ed-c744801840b1', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', '01a2133f-6f64-74b9-be52-0ee35a797593', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.run_inputs (tenant_id, id, run_id, role, dataset_version_id, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f79-722e-8906-621304d43286', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', '01a2133f-6f75-756b-b6bd-35790cbeccf9', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.run_lines (tenant_id, id, run_id, area_key, line_key, "position", line, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f6a-7442-a762-c19a9c944b71', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', 'x', 0, '{}', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.run_lines (tenant_id, id, run_id, area_key, line_key, "position", line, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f77-73a5-84d3-99bcc6f5f138', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', 'x', 0, '{}', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.run_scores (tenant_id, id, run_id, area_key, area_name, area_kind, people, points_low, points_high, out_of, grade, grade_name, pending, notes, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f6b-72d0-9560-d274cf4e72f3', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', 'x', 'x', 0, 0, 0, 0, 'x', 'x', '{}', '{}', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.run_scores (tenant_id, id, run_id, area_key, area_name, area_kind, people, points_low, points_high, out_of, grade, grade_name, pending, notes, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f78-7333-b647-5aa44b939624', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', 'x', 'x', 0, 0, 0, 0, 'x', 'x', '{}', '{}', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.runs (tenant_id, id, fingerprint, label, ruleset_key, ruleset_version, ruleset_digest, params, plan, state, fault_message, people, points_low, points_high, out_of, grade, grade_name, pending, notes, summary, result_digest, minutes_digest, stage_seconds, kernel_version, by, started_at, finished_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', 'x', 'x', 'x', 'x', '{}', '{}', 'queued', NULL, 0, 0, 0, 0, 'x', 'x', '{}', '{}', '{}', 'x', 'x', '{}', 'x', '01a2133f-6f5d-7610-ab97-97b749cacd8f', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.runs (tenant_id, id, fingerprint, label, ruleset_key, ruleset_version, ruleset_digest, params, plan, state, fault_message, people, points_low, points_high, out_of, grade, grade_name, pending, notes, summary, result_digest, minutes_digest, stage_seconds, kernel_version, by, started_at, finished_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', 'x', 'x', 'x', 'x', '{}', '{}', 'queued', NULL, 0, 0, 0, 0, 'x', 'x', '{}', '{}', '{}', 'x', 'x', '{}', 'x', '01a2133f-6f73-704e-9ff7-80242b3018b0', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.scenarios (tenant_id, id, run_id, name, edits, undone, version, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f6c-7685-a330-d5ce49628eeb', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', 'x', '[]', '[]', 1, '01a2133f-6f6c-7685-a330-d5ca4e312952', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.scenarios (tenant_id, id, run_id, name, edits, undone, version, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f78-7333-b647-5aa9509b0331', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', 'x', '[]', '[]', 1, '01a2133f-6f78-7333-b647-5aa5d9ffe540', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.sessions (id, user_id, token_hash, seen_at, expires_at, revoked_at, created_at, updated_at) VALUES ('01a2133f-6f54-7099-848a-c80f68e921c4', '01a2133f-6f4a-7090-9684-f06654a75343', 'x', '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00', NULL, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');

INSERT INTO public.sign_in_links (id, user_id, token_hash, expires_at, used_at, created_at, updated_at) VALUES ('01a2133f-6f55-7476-add7-c7dda587a749', '01a2133f-6f4a-7090-9684-f06654a75343', 'x', '2026-11-25 15:07:34.095857+00', NULL, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');

INSERT INTO public.submissions (tenant_id, id, run_id, to_tenant_id, state, summary, summary_digest, submitted_by, submitted_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f6e-7412-b604-fa5e70f7048f', '01a2133f-6f5e-73f2-b6ca-91ad2bc7dd1b', '01a2133f-6f4a-7090-9684-f067029e5e0e', 'submitted', '{}', 'x', '01a2133f-6f6d-70ca-b55b-94136524e99b', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.submissions (tenant_id, id, run_id, to_tenant_id, state, summary, summary_digest, submitted_by, submitted_at, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f79-722e-8906-620e7955f094', '01a2133f-6f73-704e-9ff7-8027fb1de6c6', '01a2133f-6f4a-7090-9684-f06654a75343', 'submitted', '{}', 'x', '01a2133f-6f79-722e-8906-6209b21cbf1d', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.tenant_plugins (tenant_id, id, plugin_key, state, settings, locked_for_children, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f62-74d6-bec8-fb96c88bf377', 'x', 'on', '{}', false, '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.tenant_plugins (tenant_id, id, plugin_key, state, settings, locked_for_children, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f74-721f-9ddb-cab5125614f7', 'x', 'on', '{}', false, '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.tenants (id, parent_id, level, code, slug, name, english, path, state, parent_sees, sample, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', NULL, 'city', 't0', 't0', '市', '', '/t0/', 'active', 'submitted', false, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');
INSERT INTO public.tenants (id, parent_id, level, code, slug, name, english, path, state, parent_sees, sample, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', NULL, 'city', 't1', 't1', '市', '', '/t1/', 'active', 'submitted', false, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');

INSERT INTO public.uploads (tenant_id, id, filename, media, bytes, digest, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', '01a2133f-6f62-74d6-bec8-fb9a9b73541e', 'x', 'x', 0, 'x', '01a2133f-6f62-74d6-bec8-fb977cd71e3b', '2026-11-25 15:07:34.103163+00', '2026-11-25 15:07:34.103163+00');
INSERT INTO public.uploads (tenant_id, id, filename, media, bytes, digest, by, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', '01a2133f-6f75-756b-b6bd-3574103feb46', 'x', 'x', 0, 'x', '01a2133f-6f75-756b-b6bd-3571e7c0bdfd', '2026-11-25 15:07:34.128891+00', '2026-11-25 15:07:34.128891+00');

INSERT INTO public.users (id, login, name, password_hash, failed, locked_until, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f06654a75343', 'u0', '人', '', 0, NULL, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');
INSERT INTO public.users (id, login, name, password_hash, failed, locked_until, created_at, updated_at) VALUES ('01a2133f-6f4a-7090-9684-f067029e5e0e', 'u1', '人', '', 0, NULL, '2026-11-25 15:07:34.095857+00', '2026-11-25 15:07:34.095857+00');

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT pk_api_tokens PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT pk_audit_events PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT pk_dataset_versions PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT pk_datasets PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.import_problems
    ADD CONSTRAINT pk_import_problems PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT pk_memberships PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT pk_reviews PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.run_coverage
    ADD CONSTRAINT pk_run_coverage PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.run_gaps
    ADD CONSTRAINT pk_run_gaps PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.run_inputs
    ADD CONSTRAINT pk_run_inputs PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.run_lines
    ADD CONSTRAINT pk_run_lines PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.run_scores
    ADD CONSTRAINT pk_run_scores PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT pk_runs PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.scenarios
    ADD CONSTRAINT pk_scenarios PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (id);

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT pk_sign_in_links PRIMARY KEY (id);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT pk_submissions PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.tenant_plugins
    ADD CONSTRAINT pk_tenant_plugins PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT pk_tenants PRIMARY KEY (id);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT pk_uploads PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT uq_api_tokens_tenant_id_token_hash UNIQUE (tenant_id, token_hash);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT uq_audit_events_tenant_id_number UNIQUE (tenant_id, number);

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT uq_dataset_versions_tenant_id_dataset_id_digest UNIQUE (tenant_id, dataset_id, digest);

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT uq_dataset_versions_tenant_id_dataset_id_number UNIQUE (tenant_id, dataset_id, number);

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT uq_datasets_tenant_id_kind_name UNIQUE (tenant_id, kind, name);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT uq_jobs_tenant_id_idempotency_key UNIQUE (tenant_id, idempotency_key);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT uq_memberships_tenant_id_user_id_role UNIQUE (tenant_id, user_id, role);

ALTER TABLE ONLY public.run_coverage
    ADD CONSTRAINT uq_run_coverage_tenant_id_run_id_area_key_format_key_gr_49ba UNIQUE (tenant_id, run_id, area_key, format_key, group_key, minutes);

ALTER TABLE ONLY public.run_gaps
    ADD CONSTRAINT uq_run_gaps_tenant_id_run_id_format_key_rank UNIQUE (tenant_id, run_id, format_key, rank);

ALTER TABLE ONLY public.run_inputs
    ADD CONSTRAINT uq_run_inputs_tenant_id_run_id_role UNIQUE (tenant_id, run_id, role);

ALTER TABLE ONLY public.run_lines
    ADD CONSTRAINT uq_run_lines_tenant_id_run_id_area_key_line_key UNIQUE (tenant_id, run_id, area_key, line_key);

ALTER TABLE ONLY public.run_scores
    ADD CONSTRAINT uq_run_scores_tenant_id_run_id_area_key UNIQUE (tenant_id, run_id, area_key);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT uq_sign_in_links_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT uq_submissions_tenant_id_run_id_to_tenant_id UNIQUE (tenant_id, run_id, to_tenant_id);

ALTER TABLE ONLY public.tenant_plugins
    ADD CONSTRAINT uq_tenant_plugins_tenant_id_plugin_key UNIQUE (tenant_id, plugin_key);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT uq_tenants_path UNIQUE (path);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT uq_tenants_slug UNIQUE (slug);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_login UNIQUE (login);

CREATE INDEX ix_import_problems_tenant_id_job_id_row_no ON public.import_problems USING btree (tenant_id, job_id, row_no);

CREATE INDEX ix_jobs_tenant_id_created_at ON public.jobs USING btree (tenant_id, created_at);

CREATE INDEX ix_jobs_waiting ON public.jobs USING btree (tenant_id, state, dispatched_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX ix_reviews_tenant_id_submission_id ON public.reviews USING btree (tenant_id, submission_id);

CREATE INDEX ix_runs_tenant_id_created_at ON public.runs USING btree (tenant_id, created_at);

CREATE INDEX ix_scenarios_tenant_id_run_id_created_at ON public.scenarios USING btree (tenant_id, run_id, created_at);

CREATE INDEX ix_sessions_user_id ON public.sessions USING btree (user_id);

CREATE INDEX ix_submissions_tenant_id_submitted_at ON public.submissions USING btree (tenant_id, submitted_at);

CREATE INDEX ix_uploads_tenant_id_digest ON public.uploads USING btree (tenant_id, digest);

CREATE UNIQUE INDEX uq_runs_tenant_id_fingerprint ON public.runs USING btree (tenant_id, fingerprint) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text]));

CREATE UNIQUE INDEX uq_tenants_code ON public.tenants USING btree (code) WHERE (state <> 'merged'::text);

CREATE TRIGGER digest_stays BEFORE UPDATE ON public.dataset_versions FOR EACH ROW WHEN ((old.digest IS DISTINCT FROM new.digest)) EXECUTE FUNCTION public.lifecircle_refuse('digest');

CREATE TRIGGER summary_stays BEFORE UPDATE ON public.submissions FOR EACH ROW WHEN (((old.summary IS DISTINCT FROM new.summary) OR (old.summary_digest IS DISTINCT FROM new.summary_digest))) EXECUTE FUNCTION public.lifecircle_refuse('summary');

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT fk_api_tokens_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT fk_api_tokens_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT fk_audit_events_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT fk_dataset_versions_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT fk_dataset_versions_tenant_id_dataset_id FOREIGN KEY (tenant_id, dataset_id) REFERENCES public.datasets(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT fk_dataset_versions_tenant_id_upload_id FOREIGN KEY (tenant_id, upload_id) REFERENCES public.uploads(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT fk_datasets_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.import_problems
    ADD CONSTRAINT fk_import_problems_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.import_problems
    ADD CONSTRAINT fk_import_problems_tenant_id_job_id FOREIGN KEY (tenant_id, job_id) REFERENCES public.jobs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.import_problems
    ADD CONSTRAINT fk_import_problems_tenant_id_upload_id FOREIGN KEY (tenant_id, upload_id) REFERENCES public.uploads(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT fk_memberships_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT fk_memberships_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT fk_reviews_of_tenant_id FOREIGN KEY (of_tenant_id) REFERENCES public.tenants(id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT fk_reviews_of_tenant_id_submission_id FOREIGN KEY (of_tenant_id, submission_id) REFERENCES public.submissions(tenant_id, id);

ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT fk_reviews_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_coverage
    ADD CONSTRAINT fk_run_coverage_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_coverage
    ADD CONSTRAINT fk_run_coverage_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_gaps
    ADD CONSTRAINT fk_run_gaps_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_gaps
    ADD CONSTRAINT fk_run_gaps_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_inputs
    ADD CONSTRAINT fk_run_inputs_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_inputs
    ADD CONSTRAINT fk_run_inputs_tenant_id_dataset_version_id FOREIGN KEY (tenant_id, dataset_version_id) REFERENCES public.dataset_versions(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_inputs
    ADD CONSTRAINT fk_run_inputs_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_lines
    ADD CONSTRAINT fk_run_lines_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_lines
    ADD CONSTRAINT fk_run_lines_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_scores
    ADD CONSTRAINT fk_run_scores_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.run_scores
    ADD CONSTRAINT fk_run_scores_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.scenarios
    ADD CONSTRAINT fk_scenarios_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.scenarios
    ADD CONSTRAINT fk_scenarios_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT fk_sign_in_links_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT fk_submissions_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT fk_submissions_tenant_id_run_id FOREIGN KEY (tenant_id, run_id) REFERENCES public.runs(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT fk_submissions_to_tenant_id FOREIGN KEY (to_tenant_id) REFERENCES public.tenants(id);

ALTER TABLE ONLY public.tenant_plugins
    ADD CONSTRAINT fk_tenant_plugins_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT fk_tenants_parent_id FOREIGN KEY (parent_id) REFERENCES public.tenants(id);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT fk_uploads_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE RESTRICT;

ALTER TABLE public.api_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY by_addressee ON public.submissions FOR SELECT TO lc_app USING ((to_tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY by_person ON public.memberships FOR SELECT TO lc_app USING ((user_id = ( SELECT public.lifecircle_user() AS lifecircle_user)));

CREATE POLICY by_submitter ON public.reviews FOR SELECT TO lc_app USING ((of_tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

ALTER TABLE public.dataset_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.datasets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.import_problems ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

CREATE POLICY of_what_was_handed_up ON public.reviews AS RESTRICTIVE FOR INSERT TO lc_app WITH CHECK ((EXISTS ( SELECT
   FROM public.submissions s
  WHERE ((s.tenant_id = reviews.of_tenant_id) AND (s.id = reviews.submission_id) AND (s.to_tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant))))));

CREATE POLICY own ON public.api_tokens TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.audit_events TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.dataset_versions TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.datasets TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.import_problems TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.jobs TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.memberships TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.reviews TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.run_coverage TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.run_gaps TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.run_inputs TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.run_lines TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.run_scores TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.runs TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.scenarios TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.submissions TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.tenant_plugins TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

CREATE POLICY own ON public.uploads TO lc_app USING ((tenant_id = ( SELECT public.lifecircle_tenant() AS lifecircle_tenant)));

ALTER TABLE public.reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_coverage ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_gaps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_inputs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_scores ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.scenarios ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.submissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tenant_plugins ENABLE ROW LEVEL SECURITY;

CREATE POLICY to_dispatch ON public.jobs FOR SELECT TO lc_dispatcher USING (true);

ALTER TABLE public.uploads ENABLE ROW LEVEL SECURITY;

CREATE POLICY when_dispatched ON public.jobs FOR UPDATE TO lc_dispatcher USING (true);

GRANT USAGE ON SCHEMA public TO lc_app;
GRANT USAGE ON SCHEMA public TO lc_dispatcher;
GRANT USAGE ON SCHEMA public TO lc_backup;

GRANT SELECT ON TABLE public.alembic_version TO lc_app;
GRANT SELECT ON TABLE public.alembic_version TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_tokens TO lc_app;
GRANT SELECT ON TABLE public.api_tokens TO lc_backup;

GRANT SELECT,INSERT ON TABLE public.audit_events TO lc_app;
GRANT SELECT ON TABLE public.audit_events TO lc_backup;

GRANT SELECT,INSERT ON TABLE public.dataset_versions TO lc_app;
GRANT SELECT ON TABLE public.dataset_versions TO lc_backup;

GRANT UPDATE(state) ON TABLE public.dataset_versions TO lc_app;

GRANT UPDATE(updated_at) ON TABLE public.dataset_versions TO lc_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.datasets TO lc_app;
GRANT SELECT ON TABLE public.datasets TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.import_problems TO lc_app;
GRANT SELECT ON TABLE public.import_problems TO lc_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.jobs TO lc_app;
GRANT SELECT ON TABLE public.jobs TO lc_backup;

GRANT SELECT(tenant_id) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(id) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(kind) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(subject_id) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(state),UPDATE(state) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(attempt),UPDATE(attempt) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(lease_until),UPDATE(lease_until) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT(dispatched_at),UPDATE(dispatched_at) ON TABLE public.jobs TO lc_dispatcher;

GRANT UPDATE(updated_at) ON TABLE public.jobs TO lc_dispatcher;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO lc_app;
GRANT SELECT ON TABLE public.memberships TO lc_backup;

GRANT SELECT,INSERT ON TABLE public.reviews TO lc_app;
GRANT SELECT ON TABLE public.reviews TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_coverage TO lc_app;
GRANT SELECT ON TABLE public.run_coverage TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_gaps TO lc_app;
GRANT SELECT ON TABLE public.run_gaps TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_inputs TO lc_app;
GRANT SELECT ON TABLE public.run_inputs TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_lines TO lc_app;
GRANT SELECT ON TABLE public.run_lines TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.run_scores TO lc_app;
GRANT SELECT ON TABLE public.run_scores TO lc_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.runs TO lc_app;
GRANT SELECT ON TABLE public.runs TO lc_backup;

GRANT SELECT ON TABLE public.scenarios TO lc_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.scenarios TO lc_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO lc_app;
GRANT SELECT ON TABLE public.sessions TO lc_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_links TO lc_app;
GRANT SELECT ON TABLE public.sign_in_links TO lc_backup;

GRANT SELECT,INSERT ON TABLE public.submissions TO lc_app;
GRANT SELECT ON TABLE public.submissions TO lc_backup;

GRANT UPDATE(state) ON TABLE public.submissions TO lc_app;

GRANT UPDATE(updated_at) ON TABLE public.submissions TO lc_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant_plugins TO lc_app;
GRANT SELECT ON TABLE public.tenant_plugins TO lc_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.tenants TO lc_app;
GRANT SELECT ON TABLE public.tenants TO lc_backup;

GRANT SELECT,INSERT ON TABLE public.uploads TO lc_app;
GRANT SELECT ON TABLE public.uploads TO lc_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO lc_app;
GRANT SELECT ON TABLE public.users TO lc_backup;

ALTER DEFAULT PRIVILEGES FOR ROLE lc_owner GRANT SELECT ON TABLES TO lc_backup;
