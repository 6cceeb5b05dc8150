<%-- The ids of all sessions that this Tomcat has, one a line; makes none itself. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" import="java.lang.management.*,javax.management.*" contentType="text/plain; charset=UTF-8" %>
<%
  MBeanServer server = ManagementFactory.getPlatformMBeanServer();
  ObjectName manager = new ObjectName("Catalina:type=Manager,host=localhost,context=/");
  String ids = (String) server.invoke(manager, "listSessionIds", null, null);
  out.print(ids.trim().replace(' ', '\n') + "\n");
%>
