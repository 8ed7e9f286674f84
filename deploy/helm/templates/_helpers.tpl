{{/* The name of the release's objects. */}}
{{- define "discovery.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the pods of the release; they never change. */}}
{{- define "discovery.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "discovery.labels" -}}
{{ include "discovery.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "discovery.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "discovery.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A release writes the digest of its image into the annotation of the chart. */}}
{{- define "discovery.image" -}}
{{- $released := index .Chart.Annotations "discovery/image-digest" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else if and $released (not .Values.image.tag) -}}
{{- printf "%s@%s" .Values.image.repository $released -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* fsGroup makes the mounted secrets readable for the user of the service. */}}
{{- define "discovery.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "discovery.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The source of one file of the volume with the secrets. */}}
{{- define "discovery.secretFile" -}}
- secret:
    name: {{ .secret | quote }}
    items:
      - key: {{ .key | quote }}
        path: {{ .path }}
{{- end -}}

{{- define "discovery.migrationServiceAccountName" -}}
{{- if .Values.migration.serviceAccountName -}}
{{- .Values.migration.serviceAccountName -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "discovery.fullname" . }}-migration
{{- else -}}
{{- include "discovery.serviceAccountName" . -}}
{{- end -}}
{{- end -}}

{{/* A list of variables in YAML. It fails if two have the same name, of which Kubernetes would use one silently. */}}
{{- define "discovery.uniqueNames" -}}
{{- $seen := dict -}}
{{- range fromYamlArray . -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv, settings and the values of the chart set the variable %s more than once" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- . -}}
{{- end -}}

{{/* The variables, mounts and volumes that the service and the migration have in common. */}}
{{- define "discovery.commonEnv" -}}
{{- if or .Values.trust.configMap .Values.trust.secret }}
- { name: TRUSTED_CA_FILE, value: /run/trust/ca.crt }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "discovery.commonVolumeMounts" -}}
{{- if or .Values.trust.configMap .Values.trust.secret }}
- { name: trust, mountPath: /run/trust, readOnly: true }
{{- end }}
{{- $volumes := dict "secrets" true "trust" (or .Values.trust.configMap .Values.trust.secret) }}
{{- range .Values.extraVolumes }}
{{- $_ := set $volumes .name true }}
{{- end }}
{{- $taken := dict "/tmp" true "/run/secrets/discovery" true "/run/trust" true }}
{{- range .Values.extraVolumeMounts }}
{{- if not (get $volumes (.name | default "")) }}
{{- fail (printf "extraVolumeMounts: there is no volume %q in extraVolumes" (.name | default "")) }}
{{- end }}
{{- if hasKey $taken (clean .mountPath) }}
{{- fail (printf "extraVolumeMounts: the path %s is taken by the chart or by another mount" .mountPath) }}
{{- end }}
{{- $_ := set $taken (clean .mountPath) true }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "discovery.commonVolumes" -}}
{{- with .Values.trust }}
{{- if or .configMap .secret }}
- name: trust
  projected:
    sources:
      {{- if .configMap }}
      - configMap: { name: {{ .configMap | quote }}, items: [{ key: {{ .key | quote }}, path: ca.crt }] }
      {{- else }}
      - secret: { name: {{ .secret | quote }}, items: [{ key: {{ .key | quote }}, path: ca.crt }] }
      {{- end }}
{{- end }}
{{- end }}
{{- $taken := dict "tmp" true "secrets" true "trust" true }}
{{- range .Values.extraVolumes }}
{{- if hasKey $taken .name }}
{{- fail (printf "extraVolumes: the name %s is taken by the chart or by another volume" .name) }}
{{- end }}
{{- $_ := set $taken .name true }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The egress rules for DNS and for PostgreSQL, which the service and the migration need. */}}
{{- define "discovery.databaseEgress" -}}
{{- with .Values.networkPolicy }}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
  {{- with .dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports: [{ port: {{ .databasePort }}, protocol: TCP }]
  {{- with .databaseTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The port of the access manager: the value authorizerPort, else the port of authorizerUrl. */}}
{{- define "discovery.authorizerPort" -}}
{{- $url := urlParse .Values.auth.authorizerUrl -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- .Values.networkPolicy.authorizerPort | default $port | default (eq $url.scheme "http" | ternary 80 443) -}}
{{- end -}}

{{- define "discovery.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}
