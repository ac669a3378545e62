{{- define "poolside-deployment.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "poolside-deployment.labels" -}}
{{ include "poolside-deployment.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
springboard/stand-in: "true"
{{- end }}

{{- /* The image of the given name: repository, tag and, where it is known, digest. */ -}}
{{- define "poolside-deployment.image" -}}
{{- $image := index .root.Values.images .name -}}
{{ $image.repository }}:{{ $image.tag }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "poolside-deployment.database-env" -}}
- name: DATABASE_HOST
  value: {{ .Values.global.database.host | quote }}
- name: DATABASE_PORT
  value: {{ .Values.global.database.port | quote }}
- name: DATABASE_NAME
  value: {{ .Values.global.database.name | quote }}
- name: DATABASE_USER
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.database.existingSecret }}
      key: {{ .Values.global.database.usernameKey }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.database.existingSecret }}
      key: {{ .Values.global.database.passwordKey }}
{{- end }}

{{- define "poolside-deployment.ca-env" -}}
{{- if .Values.global.customCa.configMapName }}
- name: SSL_CERT_DIR
  value: /etc/ssl/certs:/etc/poolside/ca
{{- end }}
{{- end }}

{{- define "poolside-deployment.ca-mount" -}}
{{- if .Values.global.customCa.configMapName }}
- name: custom-ca
  mountPath: /etc/poolside/ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "poolside-deployment.ca-volume" -}}
{{- with .Values.global.customCa }}
{{- if .configMapName }}
- name: custom-ca
  configMap:
    name: {{ .configMapName }}
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
